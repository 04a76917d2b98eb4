@testset "sources.jl" begin
    mktempdir() do folder
        script = joinpath(folder, "model.jl")
        write(script, "module Inner\nfit(X) = helper(X)\nhelper(X) = sum(X)\nend\ninclude(\"part.jl\")\nconst limit = 3\n")
        write(joinpath(folder, "part.jl"), "predict(model, X) = model .+ X\n")
        source = TriglotBridge.Source(Symbol("Sources_00000000000000aa_00000001"), script, "", "")

        @testset "functions are found by dotted name, in modules and included files" begin
            @test Base.invokelatest(TriglotBridge.lookup_function(source, "Inner.fit"), [1, 2]) == 3
            @test Base.invokelatest(TriglotBridge.lookup_function(source, "predict"), 1, [1]) == [2]
            @test TriglotBridge.has_function(source, "Inner.helper")
            @test !TriglotBridge.has_function(source, "Inner.predict_proba")
        end

        @testset "a name that leads nowhere is refused with what there is" begin
            @test refusal(() -> TriglotBridge.lookup_function(source, "Inner.fti")) ==
                "there is no \"Inner.fti\": module Inner has no fti; it has fit, helper"
            @test occursin(
                "the script has no fit; it has Inner (a module), predict",
                refusal(() -> TriglotBridge.lookup_function(source, "fit")),
            )
            @test occursin("is no module", refusal(() -> TriglotBridge.lookup_function(source, "limit.x")))
            @test occursin("name a function in it: fit", refusal(() -> TriglotBridge.lookup_function(source, "Inner")))
            @test occursin("no dotted name", refusal(() -> TriglotBridge.lookup_function(source, "1+1")))
        end

        @testset "two versions of one module live side by side" begin
            later = joinpath(folder, "later.jl")
            write(later, "module Inner\nfit(X) = -1\nend\n")
            other = TriglotBridge.Source(Symbol("Sources_00000000000000bb_00000001"), later, "", "")
            @test Base.invokelatest(TriglotBridge.lookup_function(other, "Inner.fit"), [1, 2]) == -1
            @test Base.invokelatest(TriglotBridge.lookup_function(source, "Inner.fit"), [1, 2]) == 3
        end

        @testset "a package is imported from the project beside it" begin
            mkdir(joinpath(folder, "src"))
            write(joinpath(folder, "src", "Toy.jl"), "module Toy\nfit(X) = 42\nend\n")
            project = joinpath(folder, "Project.toml")
            write(project, "name = \"Toy\"\nuuid = \"11111111-2222-4333-8444-555555555555\"\nversion = \"1.2.3\"\n")
            package = TriglotBridge.Source(Symbol(""), "", project, "")
            before = Base.ACTIVE_PROJECT[]
            @test Base.invokelatest(TriglotBridge.lookup_function(package, "Toy.fit"), 1) == 42
            @test Base.ACTIVE_PROJECT[] === before
            @test TriglotBridge.versions()["Toy"] == "1.2.3"
            @test occursin("names no package", refusal(() -> TriglotBridge.lookup_function(package, "fit")))
        end
    end

    @testset "an extension is no package of its own" begin
        @test TriglotBridge.extends("/depot/packages/Foo/ab12/ext/FooBarExt.jl")
        @test TriglotBridge.extends("/depot/packages/Foo/ab12/ext/FooBarExt/FooBarExt.jl")
        @test !TriglotBridge.extends("/depot/packages/Foo/ab12/src/Foo.jl")
        @test !TriglotBridge.extends("/home/ext/src/Foo.jl")
    end

    @test TriglotBridge.versions()["language"] == string(VERSION)
end
