namespace Hornet.Wasi.Host;

/// <summary>Why an operation failed. The numbers are preview 1's; later interfaces translate from them.</summary>
internal enum Errno : ushort
{
    Success, TooBig, Acces, AddrInUse, AddrNotAvail, AfNoSupport, Again, Already, BadF, BadMsg,
    Busy, Canceled, Child, ConnAborted, ConnRefused, ConnReset, Deadlk, DestAddrReq, Dom, DQuot,
    Exist, Fault, FBig, HostUnreach, IdRm, IlSeq, InProgress, Intr, Inval, IO,
    IsConn, IsDir, Loop, MFile, MLink, MsgSize, MultiHop, NameTooLong, NetDown, NetReset,
    NetUnreach, NFile, NoBufs, NoDev, NoEnt, NoExec, NoLck, NoLink, NoMem, NoMsg,
    NoProtoOpt, NoSpc, NoSys, NotConn, NotDir, NotEmpty, NotRecoverable, NotSock, NotSup, NoTty,
    NxIO, Overflow, OwnerDead, Perm, Pipe, Proto, ProtoNoSupport, ProtoType, Range, RoFs,
    SPipe, SRch, Stale, TimedOut, TxtBsy, XDev, NotCapable,

    /// <summary>No error, and never seen by a guest: it is left until what it waits for has happened, and then the call comes again.</summary>
    Suspended = 1000,
}
