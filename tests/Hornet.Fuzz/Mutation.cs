using Hornet.Wasm;

namespace Hornet.Fuzz;

/// <summary>Changes operators and constants of real modules in place, so that they stay valid: an operator becomes another one of the same type and encoded length.</summary>
public static class Mutation
{
    static readonly Dictionary<(Signature, Shape, int), Op[]> s_alike = Opcodes.All.ToArray().Select(o => (Op)o)
        .Where(o => Opcodes.ClassOf(o) is OpClass.Numeric or OpClass.Trapping or OpClass.Load or OpClass.Store && !Opcodes.SignatureOf(o).ByContext)
        .GroupBy(Key).ToDictionary(g => g.Key, g => g.ToArray());

    static (Signature, Shape, int) Key(Op op)
    {
        (byte prefix, uint code) = Opcodes.Encoding(op);
        return (Opcodes.SignatureOf(op), Opcodes.ShapeOf(op), prefix == 0 ? 1 : code < 128 ? 2 : 3);
    }

    public static byte[] Of(byte[] module, Decisions d)
    {
        byte[] bytes = [.. module];
        ModuleEnvironment env = ModuleDecoder.Decode(bytes);
        for (int left = 1 + d.Below(4); left > 0 && env.Bodies.Count > 0; left--)
        {
            ByteRange body = d.Of(env.Bodies).Bytes;
            List<(Op Op, int Offset)> places = [];
            OperatorReader reader = Code(bytes, body);
            Operator op = default;
            while (!reader.AtEnd)
            {
                reader.Read(ref op);
                if (op.Op is Op.I32Const or Op.I64Const || (int)op.Op < (int)Op.End + 0x100 && s_alike.ContainsKey(SafeKey(op.Op))) places.Add((op.Op, op.Offset));
            }
            if (places.Count == 0) continue;
            (Op found, int at) = d.Of(places);
            if (found is Op.I32Const or Op.I64Const)
            {
                // One payload bit of the first byte; of longer numbers the length stays.
                bytes[at + 1] ^= (byte)(1 << d.Below(7));
                continue;
            }
            (byte prefix, uint code) = Opcodes.Encoding(d.Of(s_alike[Key(found)]));
            if (prefix == 0) bytes[at] = (byte)code;
            else
            {
                bytes[at + 1] = (byte)(code < 128 ? code : code & 0x7F | 0x80);
                if (code >= 128) bytes[at + 2] = (byte)(code >> 7);
            }
        }
        return bytes;
    }

    static (Signature, Shape, int) SafeKey(Op op) => Opcodes.ClassOf(op) is OpClass.Numeric or OpClass.Trapping or OpClass.Load or OpClass.Store ? Key(op) : default;

    static OperatorReader Code(byte[] bytes, ByteRange body)
    {
        FunctionBodyReader reader = new(new(bytes.AsSpan(body.Offset, body.Length), body.Offset));
        while (reader.TryReadLocals(out _, out _)) { }
        return reader.Operators;
    }
}
