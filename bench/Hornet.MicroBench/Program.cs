using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Hornet.MicroBench;

// In this process: what is measured is nanoseconds and bytes of code that is built already.
var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)).AddDiagnoser(MemoryDiagnoser.Default).AddColumn(StatisticColumn.Median)
    .WithArtifactsPath(Path.Combine(".cache", "bench", "micro"));
string[] arguments = args.Length == 0 ? ["--filter", "*"] : ["--filter", .. args.Select(a => $"*{a}*")];
var summaries = BenchmarkSwitcher.FromTypes([typeof(CallBenchmarks), typeof(InstantiationBenchmarks), typeof(ToolBenchmarks)]).Run(arguments, config);
return summaries.Any(s => s.HasCriticalValidationErrors || s.Reports.Any(r => !r.Success)) || !summaries.Any() ? 1 : 0;
