@testset "msgpack.jl" begin
    roundtrip(value) = TriglotBridge.unpack(TriglotBridge.pack(value))

    @testset "values come back as they were" begin
        for value in (nothing, true, false, 0, -1, typemin(Int), typemax(Int), 1.5, -Inf, "", "Grüße", "a"^70_000)
            @test roundtrip(value) === value || roundtrip(value) == value
            @test typeof(roundtrip(value)) == typeof(value)
        end
        @test isnan(roundtrip(NaN))
        @test roundtrip(Any[1, "x", Any[]]) == Any[1, "x", Any[]]
        @test roundtrip(Dict{String,Any}("a" => 1)) == Dict("a" => 1)
    end

    @testset "the short forms that hosts send are read" begin
        @test TriglotBridge.unpack(UInt8[0x07]) == 7
        @test TriglotBridge.unpack(UInt8[0xff]) == -1
        @test TriglotBridge.unpack(UInt8[0xcd, 0x01, 0x00]) == 256
        @test TriglotBridge.unpack(UInt8[0x82, 0xa1, 0x61, 0x01, 0xa1, 0x62, 0xc2]) == Dict("a" => 1, "b" => false)
        @test TriglotBridge.unpack(UInt8[0x92, 0xa0, 0xca, 0x3f, 0xc0, 0x00, 0x00]) == Any["", 1.5]
    end

    @testset "bytes that end too early are refused" begin
        @test occursin("ends too early", refusal(() -> TriglotBridge.unpack(UInt8[0xa5, 0x61])))
        @test occursin("ends too early", refusal(() -> TriglotBridge.unpack(UInt8[0xcb, 0x00])))
        @test occursin("tag", refusal(() -> TriglotBridge.unpack(UInt8[0xc1])))
    end

    @testset "text that is not UTF-8 does not spoil an answer" begin
        @test isvalid(roundtrip(String(UInt8[0x61, 0xff, 0x62])))
    end
end
