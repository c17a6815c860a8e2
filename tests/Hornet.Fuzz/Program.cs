using Hornet.Fuzz;

return args switch
{
    ["mutation", .. string[] rest] => MutationRun.Run(rest),
    ["show", .. string[] rest] => Show.Run(rest),
    _ => FuzzRun.Run(args),
};
