namespace CargoWasi;

/// <summary>Cargo's way of speaking on standard error: a bold, right-aligned verb, then the rest.</summary>
sealed class Shell(bool colored)
{
    /// <summary>As Cargo decides: <c>--color</c>, then CARGO_TERM_COLOR, then whether standard error is a terminal.</summary>
    public static Shell Create(string? choice) => new((choice ?? Environment.GetEnvironmentVariable("CARGO_TERM_COLOR")) switch
    {
        "always" => true,
        "never" => false,
        _ => !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "",
    });

    public void Status(string verb, string rest) => Console.Error.WriteLine($"{Paint("1;32", verb.PadLeft(12))} {rest}");
    public void Warning(string text) => Console.Error.WriteLine($"{Paint("1;33", "warning")}{Paint("1", ":")} {text}");

    public void Error(string text, string? remedy = null)
    {
        Console.Error.WriteLine($"{Paint("1;31", "error")}{Paint("1", ":")} {text}");
        if (remedy is not null) Console.Error.WriteLine($"\n  {Paint("1;36", "help")}{Paint("1", ":")} {remedy}");
    }

    string Paint(string code, string text) => colored ? $"\e[{code}m{text}\e[0m" : text;
}
