using Hornet.Base;
using Hornet.Runtime;

namespace Hornet.Native;

/// <summary>
/// Images of modules that this user has run before, named by the hashes of the module and of all that changes its code. Any number of
/// processes use it at once: an entry appears and is replaced by a rename, and is never written to. Who can write here can run
/// code as its user, so the directory must be that user's alone. Nothing here is ever an error: without a cache, code is compiled.
/// </summary>
internal sealed class CompileCache
{
    const string Extension = ".hwasm", Unfinished = ".new";
    static readonly TimeSpan s_abandoned = TimeSpan.FromHours(1), s_recent = TimeSpan.FromHours(1);

    static int s_written, s_hits;

    /// <summary>Modules found in caches by this process: for tests.</summary>
    public static int Hits => s_hits;

    readonly string _folder;
    readonly long _limit;

    CompileCache(string folder, long limit) => (_folder, _limit) = (folder, limit);

    /// <summary>Opens a cache, and makes its directory where there is none.</summary>
    /// <param name="folder">Its directory; null: hornet/images in the user's directory for caches.</param>
    /// <param name="limit">Bytes that all images may have together.</param>
    /// <returns>Null where the directory cannot be had, or is not this user's alone.</returns>
    public static CompileCache? Open(string? folder, long limit)
    {
        try
        {
            if ((folder ?? DefaultFolder()) is not { } path || !OperatingSystem.IsLinux()) return null;
            if (!Directory.Exists(path)) Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return PrivateFolder.IsPrivate(path) ? new(path, limit) : null;
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
            return null;
        }
    }

    // XDG base directory specification: a relative path is to be ignored.
    static string? DefaultFolder()
    {
        if (System.Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } caches && Path.IsPathRooted(caches)) return Path.Combine(caches, "hornet", "images");
        return System.Environment.GetEnvironmentVariable("HOME") is { } home && Path.IsPathRooted(home) ? Path.Combine(home, ".cache", "hornet", "images") : null;
    }

    static bool IsFileTrouble(Exception e) => e is IOException or UnauthorizedAccessException or NotSupportedException;

    /// <summary>The name of a module's entry.</summary>
    /// <param name="content">The module.</param>
    /// <param name="key">All that changes its code.</param>
    public static string NameOf(ModuleContent content, string key) =>
        $"{ContentHash.Of(content.All):x16}{ContentHash.Of(ImageSettings.ToBytes(key), BuildKey.Value):x16}";

    /// <summary>The image of a name, if it is one of this very module; a damaged one is removed.</summary>
    public ImageReader? Find(string name, ModuleContent content)
    {
        string path = PathOf(name);
        ImageSource? source = null;
        try
        {
            if (!File.Exists(path)) return null;
            source = new ImageFile(path);
            ImageReader image = ImageReader.Open(source);
            // Hashes can be made to agree; what is run in a module's place must be that module's.
            if (image.IsOf(content.All))
            {
                Touch(path);
                Interlocked.Increment(ref s_hits);
                return image;
            }
        }
        catch (ImageException)
        {
            Remove(path);
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
        }
        source?.Dispose();
        return null;
    }

    string PathOf(string name) => Path.Combine(_folder, name + Extension);

    // The time of an entry is when it was last used, by the hour.
    static void Touch(string path)
    {
        DateTime now = DateTime.UtcNow;
        if (now - File.GetLastWriteTimeUtc(path) > s_recent) File.SetLastWriteTimeUtc(path, now);
    }

    /// <summary>Writes an entry, in place of the one that may be there.</summary>
    public void Store(string name, Action<Stream> write)
    {
        string unfinished = Path.Combine(_folder, $"{name}.{System.Environment.ProcessId}.{Interlocked.Increment(ref s_written)}{Unfinished}");
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
            if (OperatingSystem.IsLinux()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (FileStream file = new(unfinished, options)) write(file);
            File.Move(unfinished, PathOf(name), overwrite: true);
            Evict();
        }
        catch (Exception e) when (IsFileTrouble(e) || e is ImageException or OverflowException)
        {
            // No room, more code than an image can have, or the image that was to grow has gone.
            Remove(unfinished);
        }
    }

    // What was used last stays. Processes that run one of the images keep it, by its open file.
    void Evict()
    {
        List<FileInfo> images = [];
        long bytes = 0;
        foreach (FileInfo file in new DirectoryInfo(_folder).EnumerateFiles())
        {
            if (file.Extension == Unfinished && DateTime.UtcNow - file.LastWriteTimeUtc > s_abandoned) Remove(file.FullName);
            if (file.Extension != Extension) continue;
            images.Add(file);
            bytes += file.Length;
        }
        if (bytes <= _limit) return;
        images.Sort(static (a, b) => a.LastWriteTimeUtc.CompareTo(b.LastWriteTimeUtc));
        foreach (FileInfo image in images)
        {
            // Some room more, so that the next one need not look for it.
            if (bytes <= _limit - _limit / 4) break;
            Remove(image.FullName);
            bytes -= image.Length;
        }
    }

    static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (IsFileTrouble(e))
        {
        }
    }
}
