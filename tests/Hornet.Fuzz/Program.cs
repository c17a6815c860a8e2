using Hornet.Fuzz;

Guided.Begin();
return args switch
{
    ["mutation", .. string[] rest] => MutationRun.Run(rest),
    _ => FuzzRun.Run(args),
};
