namespace Hornet.Micro;

/// <summary>A command line that cannot be understood.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The command line: options, then the file, then the guest's own arguments. An option's value follows '=' or is the next word.</summary>
internal sealed class MicroOptions
{
    public const string Help = """
        usage: hornet-micro [options] FILE [ARGS]
          --dir HOST[::GUEST]   a directory that the guest may use, and under which name
          --env NAME[=VALUE]    a variable for the guest; without a value it is this process's
          --argv0 NAME          what the guest sees as its own name
          --stack-size SIZE     the guest's stack (default 256k)
          --heap-limit SIZE     most bytes of each of the guest's memories
          --fuel N              units of work before the guest is stopped
          --timeout TIME        time before the guest is stopped (500ms, 2s)
          --help, --version
        SIZE is in bytes, or with k, m or g. FILE '-' is standard input.
        """;

    public string? File { get; private set; }
    public List<string> Arguments { get; } = [];
    public List<(string Host, string Guest)> Directories { get; } = [];
    public List<(string Name, string Value)> Environment { get; } = [];
    public string? Argv0 { get; private set; }
    public long StackSize { get; private set; } = 256 << 10;
    public long? HeapLimit { get; private set; }
    public ulong? Fuel { get; private set; }
    public TimeSpan? Timeout { get; private set; }
    public bool ShowHelp { get; private set; }
    public bool ShowVersion { get; private set; }

    public static MicroOptions Parse(ReadOnlySpan<string> words)
    {
        var options = new MicroOptions();
        int i = 0;
        while (i < words.Length && words[i] is ['-', _, ..])
        {
            string word = words[i++];
            if (word == "--")
                break;
            int equals = word.IndexOf('=');
            string name = equals < 0 ? word : word[..equals];
            if (options.TakeFlag(word))
                continue;
            if (equals < 0 && i == words.Length)
                throw new UsageException($"{name} needs a value");
            if (!options.Take(name, equals < 0 ? words[i++] : word[(equals + 1)..]))
                throw new UsageException($"there is no option {name} (hornet-micro --help)");
        }
        if (i < words.Length)
        {
            options.File = words[i++];
            options.Arguments.Add(options.Argv0 ?? options.File[(options.File.LastIndexOf('/') + 1)..]);
            foreach (string word in words[i..])
                options.Arguments.Add(word);
        }
        return options;
    }

    bool TakeFlag(string word)
    {
        switch (word)
        {
            case "--help" or "-h":
                return ShowHelp = true;
            case "--version" or "-V":
                return ShowVersion = true;
            default:
                return false;
        }
    }

    bool Take(string name, string value)
    {
        switch (name)
        {
            case "--dir":
                int colons = value.IndexOf("::", StringComparison.Ordinal);
                Directories.Add(colons < 0 ? (value, value) : (value[..colons], value[(colons + 2)..]));
                return true;
            case "--env":
                int equals = value.IndexOf('=');
                if (equals >= 0)
                    Environment.Add((value[..equals], value[(equals + 1)..]));
                else if (System.Environment.GetEnvironmentVariable(value) is { } inherited)
                    Environment.Add((value, inherited));
                return true;
            case "--argv0":
                Argv0 = value;
                return true;
            case "--stack-size":
                StackSize = Size(name, value);
                return true;
            case "--heap-limit":
                HeapLimit = Size(name, value);
                return true;
            case "--fuel":
                Fuel = ulong.TryParse(value, out ulong fuel) ? fuel : throw new UsageException($"{name}: expected a whole number, not '{value}'");
                return true;
            case "--timeout":
                Timeout = Time(name, value);
                return true;
            default:
                return false;
        }
    }

    static long Size(string name, string value)
    {
        int shift = value is [.., var unit] ? unit switch { 'k' or 'K' => 10, 'm' or 'M' => 20, 'g' or 'G' => 30, _ => 0 } : 0;
        return long.TryParse(shift == 0 ? value : value[..^1], out long number) && number > 0 && number <= long.MaxValue >> shift
            ? number << shift
            : throw new UsageException($"{name}: expected a size such as 65536, 64k or 1g, not '{value}'");
    }

    static TimeSpan Time(string name, string value)
    {
        (string digits, long unit) = value.EndsWith("ms", StringComparison.Ordinal) ? (value[..^2], 1) : value.EndsWith('s') ? (value[..^1], 1000) : (value, 1000);
        return long.TryParse(digits, out long number) && number is > 0 and < 1_000_000_000
            ? TimeSpan.FromMilliseconds(number * unit)
            : throw new UsageException($"{name}: expected a time such as 500ms or 2s, not '{value}'");
    }
}
