namespace Hornet.Wasm;

/// <summary>Mnemonics as UTF-8 and the way back from them, without a string.</summary>
public static partial class Opcodes
{
    /// <summary>The operator's mnemonic as UTF-8; empty where there is no such operator.</summary>
    public static ReadOnlySpan<byte> MnemonicUtf8(Op op) => MnemonicBlob[MnemonicStarts[(int)op]..MnemonicStarts[(int)op + 1]];

    /// <summary>The operator of a mnemonic; where several share it (select, ref.test, ref.cast), the first.</summary>
    public static bool TryFind(ReadOnlySpan<byte> mnemonic, out Op op)
    {
        int slot = MnemonicHash(mnemonic);
        for (int i = 0; i < MnemonicProbes; i++, slot = (slot + 1) & (MnemonicSlots - 1))
        {
            int found = MnemonicTable[slot] - 1;
            if (found < 0) break;
            op = (Op)found;
            if (MnemonicUtf8(op).SequenceEqual(mnemonic)) return true;
        }
        op = default;
        return false;
    }

    // The generator (WasmMnemonics.Hash) lays the table out with the same function.
    static int MnemonicHash(ReadOnlySpan<byte> text)
    {
        uint h = (uint)text.Length;
        foreach (byte b in text) h = (h ^ b) * 0x01000193;
        return (int)(h >> 15) & (MnemonicSlots - 1);
    }
}
