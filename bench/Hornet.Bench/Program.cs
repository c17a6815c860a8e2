using Hornet.Bench;

return args switch
{
    ["run", .. var rest] => Programs.Run(rest),
    ["start", ..] => Start.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        ./h bench run [small|large] [program...]   whole processes of C programs: hornet against native code (gcc -O2)
        ./h bench start                            hello.wasm against a bare NativeAOT hello: time, memory, size
        """);
    return 2;
}
