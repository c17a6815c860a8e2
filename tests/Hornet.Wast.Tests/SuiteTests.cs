using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Hornet.Text;
using Hornet.Text.Tests;
using Hornet.Wasm;

namespace Hornet.Wast.Tests;

/// <summary>Every script of the specification's suite, run once by one tier, in parallel over files.</summary>
public abstract class SuiteRun
{
    readonly Func<Config, Config> _tier;
    readonly Exclusions _exclusions = Exclusions.Read();
    readonly ConcurrentDictionary<string, WastResult> _results = [];
    readonly TimeSpan _time;

    protected SuiteRun(Func<Config, Config> tier)
    {
        _tier = tier;
        long start = Stopwatch.GetTimestamp();
        Parallel.ForEach(Suite.Files, file => _results[file] = Run(file));
        _time = Stopwatch.GetElapsedTime(start);
    }

    WastResult Run(string file)
    {
        try
        {
            using Engine engine = new(_tier(new Config().WithFeatures(FeaturesOf(file))));
            return WastRunner.Run(Suite.Read(file), engine);
        }
        catch (TextException e)
        {
            return new(0, 0, [.. e.Diagnostics.Select(d => new WastFailure(d.Line, d.Column, d.Message))], default);
        }
        catch (Exception e)
        {
            return new(0, 0, [new WastFailure(1, 1, e.ToString())], default);
        }
    }

    // The threads proposal's scripts are older than multiple memories and tables, and say that there are none.
    static Features FeaturesOf(string file) =>
        file.StartsWith("proposals/threads/", StringComparison.Ordinal) ? Features.Wasm2 & ~Features.ReferenceTypes | Features.Threads : Features.All;

    /// <summary>The failures of one file that no entry excludes.</summary>
    internal string Failures(string file) =>
        string.Concat(_results[file].Failures.Where(f => !_exclusions.Covers(file, f.Line)).Select(f => $"{file}:{f.Line}:{f.Column}: {f.Message}\n"));

    internal IEnumerable<string> UnusedExclusions => _exclusions.Unused;

    /// <summary>A line for each file, and the sums.</summary>
    internal string Summary()
    {
        StringBuilder text = new();
        int passed = 0, failed = 0, notRun = 0;
        foreach ((string file, WastResult result) in _results.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            text.AppendLine($"{file,-60} {result.Passed,6} passed {result.Failures.Count,5} failed {result.NotRun,6} not run {result.Time.TotalMilliseconds,8:F0} ms");
            passed += result.Passed;
            failed += result.Failures.Count;
            notRun += result.NotRun;
        }
        return $"{text}{_results.Count} files: {passed} passed, {failed} failed, {notRun} not run, in {_time.TotalSeconds:F1} s";
    }
}

public sealed class InterpreterRun() : SuiteRun(static config => config);
public sealed class InterpreterStressRun() : SuiteRun(static config => config.WithCollectionAtEveryAllocation(true));
public sealed class NativeRun() : SuiteRun(static config => config.WithNativeCode(tierUp: false));
public sealed class NativeEagerRun() : SuiteRun(static config =>
{
    Native.NativeTier.Verify = true;
    return config.WithNativeCode(lazy: false);
});

public sealed class NativeStressRun() : SuiteRun(static config => config.WithNativeCode(tierUp: false).WithCollectionAtEveryAllocation(true));

public sealed class NativeCheckedRun() : SuiteRun(static config => config.WithNativeCode(tierUp: false).WithStaticMemoryMaximumSize(1 << 20));

public sealed class NativeMeteredRun() : SuiteRun(static config => config.WithNativeCode(tierUp: false).WithFuelConsumption(true).WithEpochInterruption(true).WithCraneliftNaNCanonicalization(true));

public sealed class NativePlainRun() : SuiteRun(static config => config.WithNativeCode(tierUp: false).WithOptimizationLevel(OptimizationLevel.None));
public sealed class NativeQuietRun() : SuiteRun(static config => config.WithNativeCode(lazy: false).WithOptimizationLevel(OptimizationLevel.SpeedAndSize).WithSignalsBasedTraps(false));

public sealed class TierUpRun() : SuiteRun(static config => config.WithNativeCode(Native.CompileMode.TierUp, Native.TierUpSettings.Default));
public sealed class TierUpAtOnceRun() : SuiteRun(static config => config.WithNativeCode(Native.CompileMode.TierUp, Native.TierUpSettings.AtOnce));
public sealed class TierUpStressRun() : SuiteRun(static config =>
    config.WithNativeCode(Native.CompileMode.TierUp, Native.TierUpSettings.AtOnce).WithOptimizationLevel(OptimizationLevel.None).WithCollectionAtEveryAllocation(true).WithFuelConsumption(true).WithEpochInterruption(true));

public sealed class InterpreterSuite(InterpreterRun run) : SuiteTests(run), IClassFixture<InterpreterRun>;

/// <summary>The interpreter with a collection at every allocation.</summary>
public sealed class InterpreterStressSuite(InterpreterStressRun run) : SuiteTests(run), IClassFixture<InterpreterStressRun>;

/// <summary>Machine code, compiled as it is called; a wild access of a 32-bit memory faults.</summary>
public sealed class NativeSuite(NativeRun run) : SuiteTests(run), IClassFixture<NativeRun>;

/// <summary>Machine code, compiled before anything runs.</summary>
public sealed class NativeEagerSuite(NativeEagerRun run) : SuiteTests(run), IClassFixture<NativeEagerRun>;

/// <summary>Machine code with a collection at every allocation.</summary>
public sealed class NativeStressSuite(NativeStressRun run) : SuiteTests(run), IClassFixture<NativeStressRun>;

/// <summary>Machine code that compares every access with the memory's length.</summary>
public sealed class NativeCheckedSuite(NativeCheckedRun run) : SuiteTests(run), IClassFixture<NativeCheckedRun>;

/// <summary>Machine code with everything that is charged, asked and put right on the way.</summary>
public sealed class NativeMeteredSuite(NativeMeteredRun run) : SuiteTests(run), IClassFixture<NativeMeteredRun>;

/// <summary>Machine code that no pass has optimised.</summary>
public sealed class NativePlainSuite(NativePlainRun run) : SuiteTests(run), IClassFixture<NativePlainRun>;

/// <summary>Short machine code that traps without a signal.</summary>
public sealed class NativeQuietSuite(NativeQuietRun run) : SuiteTests(run), IClassFixture<NativeQuietRun>;

/// <summary>Interpreted until it is hot.</summary>
public sealed class TierUpSuite(TierUpRun run) : SuiteTests(run), IClassFixture<TierUpRun>;

/// <summary>Machine code from the second call, and from the first turn of a loop.</summary>
public sealed class TierUpAtOnceSuite(TierUpAtOnceRun run) : SuiteTests(run), IClassFixture<TierUpAtOnceRun>;

/// <summary>The same with a collection at every allocation, and everything that is charged and asked on the way.</summary>
public sealed class TierUpStressSuite(TierUpStressRun run) : SuiteTests(run), IClassFixture<TierUpStressRun>;

public abstract class SuiteTests(SuiteRun run)
{
    public static TheoryData<string> Files => [.. Suite.Files.Order(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Files))]
    public void Script(string file)
    {
        Suite.Require();
        string failures = run.Failures(file);
        Assert.True(failures.Length == 0, failures);
    }

    [Fact]
    public void Counts_are_printed_and_no_exclusion_is_left_over()
    {
        Suite.Require();
        string summary = run.Summary();
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, $"counts-{run.GetType().Name}.txt"), summary);
        foreach ((string reason, int count) in Native.ModuleCompiler.Refused.OrderByDescending(r => r.Value)) summary += $"\n{count,8} functions: {reason}";
        Console.WriteLine(summary);
        foreach (string file in Suite.Files) run.Failures(file);
        Assert.Empty(run.UnusedExclusions);
        Assert.Equal(0, Native.ModuleCompiler.Failures);
        Assert.Empty(Native.ModuleCompiler.Refused);
    }
}
