namespace Hornet.Bench;

/// <summary>What one subject took, round by round; a slow one may have fewer rounds than the others.</summary>
internal sealed record Series(string Subject, double[] Figures)
{
    public double Median => Comparison.Median(Figures);
}

/// <summary>One thing measured on several subjects in turn. Less is better, always: a throughput is a time with a size.</summary>
/// <param name="Table">The table that it belongs to.</param>
/// <param name="Name">What was measured.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Series">The subjects; those that are not here are left out.</param>
/// <param name="Megabytes">What was worked through in that time; 0 where there is no throughput.</param>
internal sealed record Row(string Table, string Name, string Unit, IReadOnlyList<Series> Series, double Megabytes = 0)
{
    public Series? Of(string subject) => Series.FirstOrDefault(s => s.Subject == subject);

    /// <summary>A subject as a share of another, round by round; null where one is not here.</summary>
    public Comparison? Against(string subject, string rival)
    {
        if (Of(subject) is not { } ours || Of(rival) is not { } theirs)
            return null;
        var rounds = Math.Min(ours.Figures.Length, theirs.Figures.Length);
        return new(Name, Unit, ours.Figures[..rounds], theirs.Figures[..rounds]);
    }
}

/// <summary>What is measured, in what order its columns stand, and what they are compared with.</summary>
/// <param name="Key">In JSON.</param>
/// <param name="Title">For people.</param>
/// <param name="How">What exactly the figures are.</param>
/// <param name="Reference">The subject that ratios are made with.</param>
/// <param name="Subjects">In the order of the columns.</param>
internal sealed record Table(string Key, string Title, string How, string Reference, string[] Subjects);

/// <summary>Who is measured.</summary>
internal static class Subjects
{
    public const string Hornet = "hornet", Interpreter = "hornet interpreter", Wasmtime = "wasmtime", V8 = "v8", Native = "native", Bare = "bare hello",
        Executable = "hornet executable", Image = "hornet image";
}
