using System.Text;

namespace Hornet.Cli.Options;

/// <summary>One option of a group: <c>-W name=value</c>.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Value">What to show for the value in the list; null for a switch.</param>
/// <param name="Summary">One line.</param>
/// <param name="Set">Takes the option's full name, for messages, and the value, which a switch may lack.</param>
internal sealed record GroupOption(string Name, string? Value, string Summary, Action<RunSettings, string, string?> Set);

/// <summary>An option that Wasmtime has and Hornet does not, and what to do instead.</summary>
internal sealed record AbsentOption(string Name, string Instead);

/// <summary>The options behind one letter, as Wasmtime groups them: <c>-W fuel=100,simd=n</c>; <c>-W help</c> lists them.</summary>
internal sealed record OptionGroup(char Letter, string Title, GroupOption[] Options, AbsentOption[] Absent)
{
    /// <summary>Applies the values given for this group to the settings.</summary>
    public void Apply(RunSettings settings, IEnumerable<string> given)
    {
        foreach (var list in given)
            foreach (var item in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                var equals = item.IndexOf('=');
                var name = equals < 0 ? item : item[..equals];
                Find(name).Set(settings, $"-{Letter} {name}", equals < 0 ? null : item[(equals + 1)..]);
            }
    }

    /// <summary>The list that <c>-W help</c> prints.</summary>
    public string Help()
    {
        var text = new StringBuilder($"{Title}, given as -{Letter} NAME[=VALUE][,...]:\n");
        if (Options.Length == 0)
            text.Append("  (none yet)\n");
        foreach (var option in Options)
            text.Append($"  -{Letter} {(option.Value is null ? option.Name + "[=y|n]" : option.Name + "=" + option.Value),-36} {option.Summary}\n");
        return text.ToString();
    }

    private GroupOption Find(string name)
    {
        foreach (var option in Options)
            if (option.Name == name)
                return option;
        foreach (var absent in Absent)
            if (absent.Name == name)
                throw new UsageException($"-{Letter} {name} is an option of Wasmtime's that Hornet does not have: {absent.Instead}");
        throw new UsageException($"unknown option '-{Letter} {name}'{Suggestion.For(name, Options.Select(o => o.Name))} (-{Letter} help lists them)");
    }
}
