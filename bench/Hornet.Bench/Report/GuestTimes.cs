namespace Hornet.Bench;

/// <summary>The time in guests alone: both tiers, Wasmtime, V8 and native code, in turn. All must print the same.</summary>
internal static class GuestTimes
{
    public static Table Table { get; } = new("run", "Run time of guests",
        "Processor time in the guest alone, code compiled before. Native code (gcc -O2, rustc -O) is a whole process; V8 is Node's, its optimising compiler alone.",
        Subjects.Wasmtime, [Subjects.Hornet, Subjects.Wasmtime, Subjects.V8, Subjects.Native, Subjects.Interpreter]);

    public static void Measure(Scale scale, Report report, string[] wanted)
    {
        using var v8 = V8.Start();
        if (v8 is null)
            report.Note("V8 is left out: there is no node in PATH");
        foreach (var program in Natives.Find().Where(p => wanted.Length == 0 ? scale == Scale.Full || !p.IsLlvm : wanted.Contains(p.Name)))
        {
            try
            {
                report.Add(Measure(program with { Arguments = [.. program.Arguments.Select(a => scale.SizeOf(program.Name, a))] }, scale, v8, report));
            }
            catch (InvalidOperationException e)
            {
                report.Note($"{program.Name} is left out: {e.Message.Trim()}");
            }
        }
    }

    private static Row? Measure(Natives.Program program, Scale scale, V8? v8, Report report)
    {
        var file = program.Module();
        var bytes = File.ReadAllBytes(file);
        var subjects = new List<(string Name, Natives.Runner Run, List<double> Figures)>
        {
            (Subjects.Hornet, Natives.Hornet(program, bytes, Natives.NativeCode), []),
            (Subjects.Wasmtime, Natives.Wasmtime(program, bytes), []),
        };
        if (v8 is not null && !program.IsLlvm)
            subjects.Add((Subjects.V8, v8.Runner(file, [program.Name, .. program.Arguments], program.IsScript ? program.Source : null), []));
        if (!program.IsScript && !program.IsLlvm && NativeCode(program, report) is { } native)
            subjects.Add((Subjects.Native, native, []));
        subjects.Add((Subjects.Interpreter, Natives.Hornet(program, bytes, new Config()), []));

        // The first run of each warms up, and says whether they agree.
        string? expected = null;
        foreach (var (name, run, _) in subjects.ToArray())
        {
            if (Try(run) is not { } answer)
                continue;
            var output = answer.Output;
            expected ??= output;
            if (output == expected)
                continue;
            if (name == Subjects.Native)
            {
                // Another C library, another size of long: what it computes is its own business, but then its time means nothing here.
                report.Note($"native code of {program.Name} is left out: it prints '{output.Trim()}', all guests '{expected.Trim()}'");
                subjects.RemoveAll(s => s.Name == Subjects.Native);
                continue;
            }
            report.Wrong($"{program.Name}: {name} printed '{output.Trim()}', {subjects[0].Name} '{expected.Trim()}'");
            return null;
        }
        for (var round = 0; round < scale.Rounds; round++)
            foreach (var (name, run, figures) in subjects.ToArray())
                if ((name != Subjects.Interpreter || round < scale.SlowRounds) && Try(run) is { } answer)
                    figures.Add(answer.Milliseconds);
        return new(Table.Key, program.Name, "ms", [.. subjects.Select(s => new Series(s.Name, [.. s.Figures]))]);

        // Only Node is a process of its own, which may end; the others have no excuse.
        (double Milliseconds, string Output)? Try(Natives.Runner run)
        {
            try
            {
                return run();
            }
            catch (InvalidOperationException e) when (v8 is not null && subjects.Any(s => s.Run == run && s.Name == Subjects.V8))
            {
                report.Note($"V8 is left out for {program.Name}: {e.Message}");
                subjects.RemoveAll(s => s.Name == Subjects.V8);
                return null;
            }
        }
    }

    private static Natives.Runner? NativeCode(Natives.Program program, Report report)
    {
        string executable;
        try
        {
            executable = Tools.Guest("native", program.Source);
        }
        catch (InvalidOperationException e)
        {
            report.Note($"native code of {program.Name} is left out: {e.Message.Split("error: ", 2)[^1].Split('\n')[0].Trim()}");
            return null;
        }
        string[] command = [executable, .. program.Arguments];
        // What it prints is asked for once.
        string? output = null;
        return () =>
        {
            output ??= Tools.Capture(command).Output;
            return (Tools.Interleave(1, command)[0].Processor, output);
        };
    }
}
