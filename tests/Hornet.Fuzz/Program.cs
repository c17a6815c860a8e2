using Hornet.Fuzz;

return args switch
{
    ["mutation", .. string[] rest] => MutationRun.Run(rest),
    _ => FuzzRun.Run(args),
};
