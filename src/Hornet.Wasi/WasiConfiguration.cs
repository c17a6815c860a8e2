using System.Net;
using System.Net.Sockets;

namespace Hornet;

/// <summary>What the guest may do with a preopened directory.</summary>
public enum WasiDirectoryPermissions
{
    /// <summary>List it.</summary>
    Read,
    /// <summary>List it, and create, rename and remove in it.</summary>
    Write,
}

/// <summary>What the guest may do with the files in a preopened directory.</summary>
public enum WasiFilePermissions
{
    /// <summary>Read them.</summary>
    Read,
    /// <summary>Read, write and truncate them.</summary>
    Write,
}

/// <summary>
/// The world as a WASI guest sees it. Whatever is not given here does not exist for the guest: no arguments, an empty environment, an empty
/// standard input, outputs that go nowhere, no files. Give it to a store with <c>SetWasiConfiguration</c>, which takes what is
/// there at that moment.
/// </summary>
public sealed class WasiConfiguration
{
    internal enum StreamKind { Null, Inherited, File, Stream }

    internal readonly record struct StandardStream(StreamKind Kind, string? Path = null, Stream? Stream = null);

    internal sealed record Preopen(string HostPath, string GuestPath, WasiDirectoryPermissions Directories, WasiFilePermissions Files);

    internal List<string> Arguments { get; } = [];
    internal List<KeyValuePair<string, string>> Environment { get; } = [];
    internal StandardStream[] Standard { get; } = new StandardStream[3];
    internal List<Preopen> Preopens { get; } = [];
    internal List<Socket> Listeners { get; } = [];
    internal List<int> ListenerHandles { get; } = [];
    internal List<IPEndPoint> ListenerAddresses { get; } = [];
    internal TimeProvider? Clock { get; private set; }
    internal Action<Span<byte>>? Random { get; private set; }
    internal int DescriptorLimit { get; private set; } = 4096;

    /// <summary>Adds an argument; the first is the program's name.</summary>
    public WasiConfiguration WithArg(string arg)
    {
        Arguments.Add(WithoutZero(arg));
        return this;
    }

    /// <summary>Adds arguments; the first of all is the program's name.</summary>
    public WasiConfiguration WithArgs(params IEnumerable<string> args)
    {
        foreach (string arg in args)
            _ = WithArg(arg);
        return this;
    }

    /// <summary>Adds this process's arguments.</summary>
    public WasiConfiguration WithInheritedArgs() => WithArgs(System.Environment.GetCommandLineArgs());

    /// <summary>Adds a variable to the environment, or replaces it.</summary>
    public WasiConfiguration WithEnvironmentVariable(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('='))
            throw new ArgumentException($"the name of an environment variable cannot have '=': {name}", nameof(name));
        Environment.RemoveAll(v => v.Key == name);
        Environment.Add(new(WithoutZero(name), WithoutZero(value)));
        return this;
    }

    /// <summary>Adds variables to the environment.</summary>
    public WasiConfiguration WithEnvironmentVariables(IEnumerable<(string Name, string Value)> variables)
    {
        foreach ((string name, string value) in variables)
            _ = WithEnvironmentVariable(name, value);
        return this;
    }

    /// <summary>Adds this process's environment.</summary>
    public WasiConfiguration WithInheritedEnvironment()
    {
        foreach (System.Collections.DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            if (variable.Key is string { Length: > 0 } name && !name.Contains('='))
                _ = WithEnvironmentVariable(name, (string?)variable.Value ?? "");
        return this;
    }

    /// <summary>Standard input is this process's.</summary>
    public WasiConfiguration WithInheritedStandardInput() => With(0, new(StreamKind.Inherited));
    /// <summary>Standard output is this process's.</summary>
    public WasiConfiguration WithInheritedStandardOutput() => With(1, new(StreamKind.Inherited));
    /// <summary>Standard error is this process's.</summary>
    public WasiConfiguration WithInheritedStandardError() => With(2, new(StreamKind.Inherited));

    /// <summary>Standard input is read from a file.</summary>
    public WasiConfiguration WithStandardInput(string path) => With(0, new(StreamKind.File, path));
    /// <summary>Standard output is written to a file, which is created or emptied.</summary>
    public WasiConfiguration WithStandardOutput(string path) => With(1, new(StreamKind.File, path));
    /// <summary>Standard error is written to a file, which is created or emptied.</summary>
    public WasiConfiguration WithStandardError(string path) => With(2, new(StreamKind.File, path));

    /// <summary>Standard input is read from a stream. The stream stays its owner's; up to 64 KiB are read ahead of the guest.</summary>
    public WasiConfiguration WithStandardInput(Stream stream) => With(0, new(StreamKind.Stream, Stream: stream));
    /// <summary>Standard output is written to a stream, and flushed with each write. The stream stays its owner's.</summary>
    public WasiConfiguration WithStandardOutput(Stream stream) => With(1, new(StreamKind.Stream, Stream: stream));
    /// <summary>Standard error is written to a stream, and flushed with each write. The stream stays its owner's.</summary>
    public WasiConfiguration WithStandardError(Stream stream) => With(2, new(StreamKind.Stream, Stream: stream));

    /// <summary>Gives the guest a directory and all beneath it, and nothing else of the file system.</summary>
    /// <param name="path">The directory on the host.</param>
    /// <param name="guestPath">The name that the guest knows it by.</param>
    /// <param name="directories">What it may do with the directories.</param>
    /// <param name="files">What it may do with the files.</param>
    public WasiConfiguration WithPreopenedDirectory(string path, string guestPath,
        WasiDirectoryPermissions directories = WasiDirectoryPermissions.Write, WasiFilePermissions files = WasiFilePermissions.Write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Preopens.Add(new(WithoutZero(path), WithoutZero(guestPath), directories, files));
        return this;
    }

    /// <summary>Gives the guest a listening socket, from descriptor 3 on, before the directories. The socket stays its owner's.</summary>
    public WasiConfiguration WithPreopenedListener(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Listeners.Add(socket);
        return this;
    }

    /// <summary>Gives the guest a listening socket that this process was started with, by its number (LISTEN_FDS).</summary>
    public WasiConfiguration WithPreopenedListener(int handle)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(handle);
        ListenerHandles.Add(handle);
        return this;
    }

    /// <summary>Gives the guest a socket that listens on an address; it is bound when the store takes the configuration.</summary>
    public WasiConfiguration WithPreopenedListener(IPEndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        ListenerAddresses.Add(address);
        return this;
    }

    /// <summary>The guest's clocks and all its waiting follow this one; for tests and for deterministic runs.</summary>
    public WasiConfiguration WithClock(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        Clock = clock;
        return this;
    }

    /// <summary>The guest's random numbers come from this; it must fill the whole span.</summary>
    public WasiConfiguration WithRandom(Action<Span<byte>> fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        Random = fill;
        return this;
    }

    /// <summary>How many descriptors the guest may have open at once; 4096 if nothing is said.</summary>
    public WasiConfiguration WithMaxOpenDescriptors(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 3);
        DescriptorLimit = limit;
        return this;
    }

    WasiConfiguration With(int index, StandardStream stream)
    {
        if (stream.Kind == StreamKind.File)
            ArgumentException.ThrowIfNullOrEmpty(stream.Path);
        if (stream.Kind == StreamKind.Stream)
            ArgumentNullException.ThrowIfNull(stream.Stream);
        Standard[index] = stream;
        return this;
    }

    static string WithoutZero(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains('\0') ? throw new ArgumentException("text for a guest cannot have a zero character") : text;
    }
}
