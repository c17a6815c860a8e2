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
    ["overshoot"] => Overshoot.Run(),
    ["instantiate", "idle"] => Instances.Idle(),
    ["instantiate", "alive"] => Instances.Alive(),
    ["instantiate", "threads"] => Instances.Threads(),
    ["instantiate", "soak"] => Instances.Soak(),
    ["instantiate", "tables"] => Instances.Tables(),
    ["instantiate", "first"] => Instances.FirstCalls(),
    ["instantiate", .. var rest] => Instantiation.Run(rest),
    ["text", .. var file] => Texts.Run(file.FirstOrDefault()),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.Write(File.ReadAllText(Path.Combine(Tools.Root, "bench", "help.txt")));
    return 2;
}
