using System.Globalization;
using System.Text;
using Hornet.Text;
using Hornet.Wasi.Preview1;

namespace Hornet.Fuzz;

/// <summary>
/// Guests that make random calls of WASI preview 1, mostly sensible ones, with hostile arguments between: a module whose `run` makes them one after the
/// other and keeps each answer in its memory. What no two runs have in common (times, inodes, the order of a directory) is
/// written to one place, of which only what must be the same is kept, and which is then emptied.
/// </summary>
/// <remarks>
/// The guest's memory: 0 answers, errno + 1 each; 0x800 descriptors that were opened; 0xC00 what is kept of each answer;
/// 0x1000 paths; 0x4000 buffers' tables; 0x5000 data; 0x8000 to 0x9FFF answers that are emptied.
/// </remarks>
public static class WasiSequences
{
    /// <summary>Exported by a module without hostile calls, which another implementation should run the same.</summary>
    public const string Polite = "polite";

    internal const int MostCalls = 40, Opened = 0x800, OpenedSlots = 8, Kept = 0xC00;

    const int Paths = 0x1000, PathStep = 0x40, Vectors = 0x4000, Data = 0x5000, Volatile = 0x8000, VolatileSize = 0x2000, MemorySize = 0x20000;

    static readonly string[] s_paths =
    [
        "a", "b", "c", "d", "d/a", "d/b", "d/e", "l1", "l2", "up", ".", "d/../a", "", "..", "/", "d/..", "../secret", "../../etc/passwd", "/etc/passwd", "l1/a", "l2/../a", "a/", "d/",
        "d//../d/./a", "up/secret", "abs", "abs/secret", "x\0y", "\uFFFF", "a/b/c", "..a", "l3",
    ];

    // Names that both engines treat alike: no trailing slash, no way out, no links.
    const int PolitePaths = 7;

    // What each argument is. f: descriptor; p: path and its length; v: vectors and their count; b: buffer and its length; o: where an answer goes; n: where a descriptor goes;
    // s: flags; r: rights; z: a size, an offset or a time; q: subscriptions.
    static readonly Dictionary<string, string> s_roles = new()
    {
        ["args_get"] = "oo", ["args_sizes_get"] = "oo", ["environ_get"] = "oo", ["environ_sizes_get"] = "oo", ["clock_res_get"] = "so", ["clock_time_get"] = "szo",
        ["fd_advise"] = "fzzs", ["fd_allocate"] = "fzz", ["fd_close"] = "f", ["fd_datasync"] = "f", ["fd_fdstat_get"] = "fo", ["fd_fdstat_set_flags"] = "fs", ["fd_fdstat_set_rights"] = "frr",
        ["fd_filestat_get"] = "fo", ["fd_filestat_set_size"] = "fz", ["fd_filestat_set_times"] = "fzzs", ["fd_pread"] = "fvzo", ["fd_prestat_get"] = "fo", ["fd_prestat_dir_name"] = "fb",
        ["fd_pwrite"] = "fvzo", ["fd_read"] = "fvo", ["fd_readdir"] = "fbzo", ["fd_renumber"] = "ff", ["fd_seek"] = "fzso", ["fd_sync"] = "f", ["fd_tell"] = "fo", ["fd_write"] = "fvo",
        ["path_create_directory"] = "fp", ["path_filestat_get"] = "fspo", ["path_filestat_set_times"] = "fspzzs", ["path_link"] = "fspfp", ["path_open"] = "fspsrrsn", ["path_readlink"] = "fpbo",
        ["path_remove_directory"] = "fp", ["path_rename"] = "fpfp", ["path_symlink"] = "pfp", ["path_unlink_file"] = "fp", ["poll_oneoff"] = "qoso", ["proc_exit"] = "s", ["proc_raise"] = "s",
        ["sched_yield"] = "", ["random_get"] = "b", ["sock_accept"] = "fsn", ["sock_recv"] = "fvsoo", ["sock_send"] = "fvso", ["sock_shutdown"] = "fs",
    };

    static readonly string[] s_frequent =
        ["path_open", "path_open", "path_open", "fd_write", "fd_write", "fd_read", "fd_seek", "fd_close", "path_create_directory", "path_unlink_file", "path_rename", "path_filestat_get", "fd_pwrite", "fd_pread", "fd_filestat_set_size", "fd_readdir"];

    // What another implementation does the same with, where the arguments are good.
    static readonly string[] s_polite =
        ["path_open", "path_open", "fd_write", "fd_read", "fd_seek", "fd_tell", "fd_pread", "fd_pwrite", "fd_close", "path_create_directory", "path_remove_directory", "path_unlink_file", "path_rename", "path_filestat_get", "fd_filestat_get", "fd_filestat_set_size"];

    public static byte[] Case(Decisions d)
    {
        bool polite = d.OnceIn(3);
        Dictionary<string, string> rows = Rows();
        StringBuilder calls = new();
        SortedSet<string> used = new(StringComparer.Ordinal);
        int count = 1 + d.Below(MostCalls);
        for (int call = 0; call < count; call++)
        {
            string name = polite ? d.Of(s_polite) : d.OnceIn(2) ? d.Of([.. rows.Keys]) : d.Of(s_frequent);
            // An exit is the last of all.
            if (name == "proc_exit" && call < count - 1) continue;
            used.Add(name);
            string arguments = Arguments(name, rows[name], d, polite);
            // What is closed is not used again: the number may be given to another one, and to which is nobody's promise.
            string closed = polite && name == "fd_close" ? $"    (i32.store {arguments[" (i32.load ".Length..^1]} (i32.const 99))\n" : "";
            if (name == "proc_exit")
            {
                calls.Append(CultureInfo.InvariantCulture, $"    (call $proc_exit {arguments})\n");
                continue;
            }
            calls.Append(CultureInfo.InvariantCulture, $"    (i32.store (i32.const {call * 4}) (i32.add (call ${name} {arguments}) (i32.const 1)))\n");
            calls.Append(closed);
            string? kept = name switch
            {
                // type, size
                "fd_filestat_get" or "path_filestat_get" => $"(i64.add (i64.load8_u (i32.const {Volatile + 16})) (i64.mul (select (i64.load (i32.const {Volatile + 32})) (i64.const 0) (i32.eq (i32.load8_u (i32.const {Volatile + 16})) (i32.const 4))) (i64.const 16)))",
                "fd_tell" or "fd_seek" or "fd_read" or "fd_write" or "fd_pread" or "fd_pwrite" => $"(i64.load (i32.const {Volatile}))",
                "fd_fdstat_get" when !polite => $"(i64.xor (i64.load (i32.const {Volatile})) (i64.load (i32.const {Volatile + 8})))",
                "fd_prestat_get" => $"(i64.load (i32.const {Volatile}))",
                _ => null,
            };
            if (kept is not null) calls.Append(CultureInfo.InvariantCulture, $"    (i64.store (i32.const {Kept + call * 8}) {kept})\n");
            calls.Append(CultureInfo.InvariantCulture, $"    (memory.fill (i32.const {Volatile}) (i32.const 0) (i32.const {VolatileSize}))\n");
        }
        StringBuilder text = new("(module\n");
        foreach (string name in used)
            text.Append(CultureInfo.InvariantCulture, $"  (import \"{Preview1Table.Module}\" \"{name}\" (func ${name} (param{string.Concat(rows[name].Select(c => c == 'I' ? " i64" : " i32"))}){(name == "proc_exit" ? "" : " (result i32)")}))\n");
        text.Append(CultureInfo.InvariantCulture, $"  (memory (export \"memory\") {MemorySize >> 16} {MemorySize >> 16})\n");
        if (polite) text.Append(CultureInfo.InvariantCulture, $"  (global (export \"{Polite}\") i32 (i32.const 1))\n");
        for (int i = 0; i < s_paths.Length; i++) text.Append(CultureInfo.InvariantCulture, $"  (data (i32.const {Paths + i * PathStep}) \"{Escaped(Encoding.UTF8.GetBytes(s_paths[i]))}\")\n");
        for (int i = 0; i < OpenedSlots; i++) text.Append(CultureInfo.InvariantCulture, $"  (data (i32.const {Opened + i * 4}) \"\\63\")\n");
        (uint, uint)[] vectors = [(Data, 10), (Data + 0x100, 300), (Data, 0), (Data + 0x40, 1), (Data + 8, 0x7FFFFFFF), (MemorySize - 4, 8), (0xFFFFFFF0, 0x20), (Data, 0xFFFFFFFF)];
        text.Append(CultureInfo.InvariantCulture, $"  (data (i32.const {Vectors}) \"{Escaped([.. vectors.SelectMany(v => (byte[])[.. BitConverter.GetBytes(v.Item1), .. BitConverter.GetBytes(v.Item2)])])}\")\n");
        text.Append(CultureInfo.InvariantCulture, $"  (data (i32.const {Data}) \"{Escaped([.. Enumerable.Range(0, 600).Select(i => (byte)(i * 7))])}\")\n");
        text.Append(CultureInfo.InvariantCulture, $"  (func (export \"run\")\n{calls}))\n");
        return WatParser.Parse(Encoding.UTF8.GetBytes(text.ToString()));
    }

    static Dictionary<string, string> Rows()
    {
        Dictionary<string, string> rows = [];
        foreach (ref readonly Preview1Row row in Preview1Table.Rows.AsSpan()) rows.Add(row.Name, row.Parameters);
        return rows;
    }

    static string Arguments(string name, string types, Decisions d, bool polite)
    {
        StringBuilder text = new();
        int at = 0, answers = 0;
        foreach (char role in s_roles[name])
        {
            switch (role)
            {
                case 'f':
                    int slot = d.Below(OpenedSlots);
                    if (name.StartsWith("path_", StringComparison.Ordinal) && d.Below(8) > 0 || polite && name.StartsWith("path_", StringComparison.Ordinal)) Number(3);
                    else if (polite || d.Below(4) > 0) Raw($"(i32.load (i32.const {Opened + slot * 4}))");
                    else Number(d.Of((long[])[3, 0, 1, 2, 4, 5, 99, -1, int.MaxValue]));
                    break;
                case 'p':
                    int path = d.Below(polite ? PolitePaths : s_paths.Length);
                    Number(Pointer(Paths + path * PathStep));
                    Number(Length(Encoding.UTF8.GetByteCount(s_paths[path])));
                    break;
                case 'v':
                    Number(Pointer(Vectors + d.Below(polite ? 3 : 8) * 8));
                    // Where an empty write to a file opened for appending leaves its position differs: Linux does not move it, Wasmtime does.
                    Number(polite ? 1 : d.Below(12) == 0 ? d.Of((long[])[1024, 0x10000000, 0x20000001, -1]) : d.Below(4));
                    break;
                case 'b':
                    Number(Pointer(Volatile + 64 * d.Below(4)));
                    Number(Length(d.Of((int[])[64, 0, 1, 16, 100, 1000])));
                    break;
                case 'o':
                    Number(Pointer(Volatile + (answers++ << 9)));
                    break;
                case 'n':
                    Number(Pointer(Opened + d.Below(OpenedSlots) * 4));
                    break;
                case 'r':
                    Number(polite || d.Below(3) > 0 ? 0x1FFFFFFF : (long)d.Bits64());
                    break;
                case 'q':
                    // Vectors of zeros: a clock that is due at once; no other subscription ends for certain.
                    Number(Pointer(Volatile + 0x1000));
                    break;
                case 'z':
                    Number(polite ? d.Of((long[])[0, 5, 100, 4000]) : d.Of((long[])[0, 1, 5, 100, 4000, 65536, -1, long.MinValue, long.MaxValue, -3]));
                    break;
                default:
                    Number(Flags(name, at, d, polite));
                    break;
            }
        }
        return text.ToString();

        long Pointer(long good) => !polite && d.Below(16) == 15 ? d.Of((long[])[MemorySize - 1, MemorySize, 0xFFFFFFFF, 0xFFFFFFF8, 0x80000000]) : good;
        long Length(long good) => !polite && d.Below(16) == 15 ? d.Of((long[])[0, 1, 0xFFFFFFFF, MemorySize, 0x80000000, 4096]) : good;
        void Number(long value) => Raw(types[at] == 'I' ? $"(i64.const {value})" : $"(i32.const {(int)value})");
        void Raw(string operand)
        {
            text.Append(' ').Append(operand);
            at++;
        }
    }

    static long Flags(string name, int at, Decisions d, bool polite)
    {
        int any = d.Below(polite ? 4 : 20);
        return (name, at) switch
        {
            // create, directory, exclusive, truncate; append
            ("path_open", 4) => polite ? d.Of((long[])[1, 0, 9, 5]) : any,
            ("path_open", 7) => polite ? any & 1 : any == 19 ? -1 : any & 5,
            ("path_open", 1) => polite ? 0 : any & 3,
            ("fd_seek", 2) => polite ? any % 3 : any,
            ("poll_oneoff", 2) => any < 16 ? 1 : d.Of((long[])[0, 2, 0x10000000, -1]),
            ("path_filestat_get", 1) => any & 1,
            ("proc_exit", _) => any,
            _ => any,
        };
    }

    static string Escaped(ReadOnlySpan<byte> bytes)
    {
        StringBuilder text = new();
        foreach (byte b in bytes) text.Append(CultureInfo.InvariantCulture, $"\\{b:x2}");
        return text.ToString();
    }
}
