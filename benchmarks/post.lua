-- wrk sends the file that BENCH_BODY names: JSON, unless its command line has another Content-Type.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
wrk.method = "POST"
wrk.headers["Content-Type"] = wrk.headers["Content-Type"] or "application/json"
wrk.body = file:read("*a")
file:close()
