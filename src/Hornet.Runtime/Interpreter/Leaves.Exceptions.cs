namespace Hornet.Runtime;

internal static unsafe partial class Leaves
{
    public static byte* Throw(byte* ip, byte* fp, Machine* m) => throw new NotImplementedException();

    public static byte* ThrowRef(byte* ip, byte* fp, Machine* m) => throw new NotImplementedException();
}
