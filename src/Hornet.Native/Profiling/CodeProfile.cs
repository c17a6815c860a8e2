namespace Hornet.Native;

/// <summary>A file that tells profilers what machine code is called. Written as code appears, and complete up to there at any time.</summary>
internal abstract unsafe class CodeProfile(string path, FileStream file) : IDisposable
{
    readonly Lock _lock = new();
    readonly FileStream _file = file;
    bool _ended;

    /// <summary>The process's; null where nobody wants one.</summary>
    public static CodeProfile? Current { get; set; }

    public string Path { get; } = path;

    protected FileStream File => _file;

    /// <summary>Opens a file of this process's alone: the folder is open to everybody, and a link there must not be followed.</summary>
    protected static FileStream Create(string path)
    {
        System.IO.File.Delete(path);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }

    /// <summary>Functions that are in code memory from now on.</summary>
    public void Add(CodeUnit unit)
    {
        lock (_lock)
        {
            if (_ended) return;
            foreach ((int function, int start, int end) in unit.Places()) Write((byte*)unit.Start + start, end - start, Plain(unit.NameOf(function)));
            _file.Flush();
        }
    }

    /// <summary>Code that belongs to no module.</summary>
    public void Add(byte* code, int size, string name)
    {
        lock (_lock)
        {
            if (_ended) return;
            Write(code, size, name);
            _file.Flush();
        }
    }

    // A guest's names may hold anything; in these files they end at a line's end or a zero.
    static string Plain(string name) => string.Create(name.Length, name, static (to, from) =>
    {
        for (int i = 0; i < to.Length; i++) to[i] = char.IsControl(from[i]) ? '?' : from[i];
    });

    /// <summary>Writes one piece of code.</summary>
    protected abstract void Write(byte* code, int size, string name);

    /// <summary>Writes what closes the file.</summary>
    protected virtual void End()
    {
    }

    /// <summary>Ends the file. Threads that make code at this moment write what they have before, or not at all.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_ended) return;
            _ended = true;
            End();
            _file.Dispose();
        }
    }
}
