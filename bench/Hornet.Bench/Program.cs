using Hornet.Bench;

return args switch
{
    [] or [['-', '-', ..], ..] => Suite.Run(args),
    ["run", .. var rest] => Programs.Run(rest),
    ["native", .. var rest] => Natives.Run(rest),
    ["checks", .. var rest] => Checks.Run(rest),
    ["compile", "one", var engine, var file] => Compiling.Measure(engine, file),
    ["compile", .. var rest] => Compiling.Run(rest),
    ["start", ..] => Start.Run(),
    ["validate"] => Validation.Run(),
    ["validate", "one", var engine, var file] => Validation.Measure(engine, file),
    ["decode"] => Decoding.Run(),
    ["objects", .. var rest] => Objects.Run(rest),
    ["calls"] => Calls.Run(),
    ["instantiate", "idle"] => Instances.Idle(),
    ["instantiate", "alive"] => Instances.Alive(),
    ["instantiate", "threads"] => Instances.Threads(),
    ["instantiate", "soak"] => Instances.Soak(),
    ["instantiate", "tables"] => Instances.Tables(),
    ["instantiate", .. var rest] => Instantiation.Run(rest),
    ["text", .. var file] => Texts.Run(file.FirstOrDefault()),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        ./h bench [--quick] [--table T] [--program P] [--json FILE] [--page FILE]
                                                   everything in one run, subjects in turn: table, JSON, page
        ./h bench run [small|large] [program...]   whole processes of C programs: hornet against native code (gcc -O2)
        ./h bench native [rounds] [program...]     guests as machine code, the time in them alone: Hornet against Wasmtime, one process
        ./h bench checks [rounds] [program...]     the same with explicit bounds checks in place of guard pages, and what these cost each
        ./h bench compile [module...]              compiling whole modules with all optimisations on two threads: Hornet against Wasmtime
        ./h bench start                            hello.wasm against a bare NativeAOT hello: time, memory, size
        ./h bench validate                         a module of 75 MB: Hornet's validator against Wasmtime's Module.Validate
        ./h bench text [FILE]                      a module of LLVM printed as text and parsed again: MB/s of text on one thread
        ./h bench decode                           the same module through reader and writer: speed, allocation
        ./h bench objects [name...]                structs, arrays, casts and exceptions: machine code, interpreter, Wasmtime
        ./h bench calls                            calls between host and guest and instantiation: Hornet against Wasmtime, one process
        ./h bench micro [part of a name...]        BenchmarkDotNet: what calls, instances and the toolkit take and allocate
        ./h bench instantiate [part of a name]     store, instance, dispose: on demand and pooled, against Wasmtime's, in turn
        ./h bench instantiate idle|alive|threads|soak|tables   bytes of an idle instance; 20,000 and 100,000 alive; cycles a second on
                                                   1 to 64 threads; growth over ten million cycles; modules with large tables
        """);
    return 2;
}
