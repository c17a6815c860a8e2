using Hornet.Crash;

// crash-child SCENARIO interpreter|native|tier-up: does to the host what the scenario says; "alive" is the last word of a host that lived.
// crash-child list: each scenario and each tier.
if (args is ["list"])
{
    foreach ((string name, _) in Scenarios.All)
        foreach (string tier in Host.Tiers) Console.WriteLine($"{name} {tier}");
    return 0;
}
if (args.Length != 2 || !Host.Tiers.Contains(args[1]) || Array.Find(Scenarios.All, s => s.Name == args[0]) is not { Run: { } run })
{
    Console.Error.WriteLine("crash-child SCENARIO interpreter|native|tier-up, or crash-child list");
    return 2;
}
run(new Host(args[1]));
Console.WriteLine("alive");
return 0;
