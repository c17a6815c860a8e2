using Hornet.Runtime;
using Hornet.Wasi.Host;

namespace Hornet.Wasi.Preview1;

/// <summary>One function of preview 1.</summary>
/// <param name="name">Its name in the module.</param>
/// <param name="parameters">Its parameters: i for i32, I for i64. The result is an i32, the errno, except for proc_exit.</param>
/// <param name="body">What it does.</param>
/// <param name="unstable">What it does in wasi_unstable, where that is something else.</param>
internal readonly unsafe struct Preview1Row(string name, string parameters, delegate*<WasiContext, GuestMemory, ValRaw*, Errno> body,
    delegate*<WasiContext, GuestMemory, ValRaw*, Errno> unstable = null)
{
    public readonly string Name = name;
    public readonly string Parameters = parameters;
    public readonly delegate*<WasiContext, GuestMemory, ValRaw*, Errno> Body = body;
    /// <summary>Null where both modules have the same.</summary>
    public readonly delegate*<WasiContext, GuestMemory, ValRaw*, Errno> Unstable = unstable;
}

/// <summary>All functions of preview 1, in the specification's order.</summary>
internal static unsafe class Preview1Table
{
    public const string Module = "wasi_snapshot_preview1", UnstableModule = "wasi_unstable";

    public static readonly Preview1Row[] Rows =
    [
        new("args_get",                "ii",        &Args.ArgsGet),
        new("args_sizes_get",          "ii",        &Args.ArgsSizesGet),
        new("environ_get",             "ii",        &Environ.EnvironGet),
        new("environ_sizes_get",       "ii",        &Environ.EnvironSizesGet),
        new("clock_res_get",           "ii",        &Clocks.ResGet),
        new("clock_time_get",          "iIi",       &Clocks.TimeGet),
        new("fd_advise",               "iIIi",      &Fds.Advise),
        new("fd_allocate",             "iII",       &Fds.Allocate),
        new("fd_close",                "i",         &Fds.Close),
        new("fd_datasync",             "i",         &Fds.Datasync),
        new("fd_fdstat_get",           "ii",        &Fds.FdstatGet),
        new("fd_fdstat_set_flags",     "ii",        &Fds.FdstatSetFlags),
        new("fd_fdstat_set_rights",    "iII",       &Fds.FdstatSetRights),
        new("fd_filestat_get",         "ii",        &Fds.FilestatGet,        &Fds.UnstableFilestatGet),
        new("fd_filestat_set_size",    "iI",        &Fds.FilestatSetSize),
        new("fd_filestat_set_times",   "iIIi",      &Fds.FilestatSetTimes),
        new("fd_pread",                "iiiIi",     &FdTransfers.Pread),
        new("fd_prestat_get",          "ii",        &Fds.PrestatGet),
        new("fd_prestat_dir_name",     "iii",       &Fds.PrestatDirName),
        new("fd_pwrite",               "iiiIi",     &FdTransfers.Pwrite),
        new("fd_read",                 "iiii",      &FdTransfers.Read),
        new("fd_readdir",              "iiiIi",     &FdTransfers.Readdir),
        new("fd_renumber",             "ii",        &Fds.Renumber),
        new("fd_seek",                 "iIii",      &Fds.Seek,               &Fds.UnstableSeek),
        new("fd_sync",                 "i",         &Fds.Sync),
        new("fd_tell",                 "ii",        &Fds.Tell),
        new("fd_write",                "iiii",      &FdTransfers.Write),
        new("path_create_directory",   "iii",       &Paths.CreateDirectory),
        new("path_filestat_get",       "iiiii",     &Paths.FilestatGet,      &Paths.UnstableFilestatGet),
        new("path_filestat_set_times", "iiiiIIi",   &Paths.FilestatSetTimes),
        new("path_link",               "iiiiiii",   &Paths.Link),
        new("path_open",               "iiiiiIIii", &Paths.Open),
        new("path_readlink",           "iiiiii",    &Paths.Readlink),
        new("path_remove_directory",   "iii",       &Paths.RemoveDirectory),
        new("path_rename",             "iiiiii",    &Paths.Rename),
        new("path_symlink",            "iiiii",     &Paths.Symlink),
        new("path_unlink_file",        "iii",       &Paths.UnlinkFile),
        new("poll_oneoff",             "iiii",      &Poll.Oneoff,            &Poll.UnstableOneoff),
        new("proc_exit",               "i",         &Proc.Exit),
        new("proc_raise",              "i",         &Proc.Raise),
        new("sched_yield",             "",          &Sched.Yield),
        new("random_get",              "ii",        &RandomBytes.Get),
        new("sock_accept",             "iii",       &Sockets.Accept),
        new("sock_recv",               "iiiiii",    &Sockets.Recv),
        new("sock_send",               "iiiii",     &Sockets.Send),
        new("sock_shutdown",           "ii",        &Sockets.Shutdown),
    ];
}
