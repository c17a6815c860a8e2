using Hornet.Compiler.Ir;

namespace Hornet.Compiler.X64;

/// <content>Vectors.</content>
internal sealed partial class X64Lower
{
    private void LowerVector(in InstData data, int dst) => throw new NotSupportedException($"lowering {data.Op.Name()}.{data.Lane.Name()}");

    private void LowerVectorLoad(in InstData data, int dst, in Source source) => throw new NotSupportedException($"lowering {data.Op.Name()}.{data.Lane.Name()}");
}
