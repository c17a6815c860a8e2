using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hornet.Base;

namespace Hornet.Wasm;

// The loop over a whole body: what nearly every operator is, without an Operator in between.
public sealed partial class FunctionValidator
{
    /// <summary>Validates a body: locals and code, without its size prefix.</summary>
    /// <param name="function">The function's index in the function index space.</param>
    /// <param name="body">The bytes.</param>
    /// <exception cref="WasmFormatException">The body is malformed or invalid.</exception>
    public void Validate(int function, ModuleBytes body)
    {
        Begin(function);
        FunctionBodyReader locals = new(body, _localCount);
        ReadLocals(ref locals);
        OperatorReader reader = locals.Operators;
        Run(ref reader, body.Span);
        Finish(body.End);
    }

    void Run(ref OperatorReader reader, ReadOnlySpan<byte> body)
    {
        Operator op = default;
        // SAFETY: the table has a row for each of the 256 values of a byte.
        ref FastRow rows = ref MemoryMarshal.GetArrayDataReference(_context.Rows);
        // Locals that the loop may touch: where initialisation is tracked, none.
        ReadOnlySpan<ValType> locals = _tracksInit ? default : _locals.AsSpan(0, _expanded);
        Span<ValType> stack = _operands;
        int height = _height, floor = _floor;
        int pos = reader.Position, origin = reader.Offset - pos;
        while (pos < body.Length)
        {
            ref readonly FastRow row = ref Unsafe.Add(ref rows, body[pos]);
            int next = pos + 1;
            switch (row.Kind)
            {
                case FastKind.LocalGet:
                {
                    if (TryIndex(body, ref next, out int local) && (uint)local < (uint)locals.Length && (uint)height < (uint)stack.Length)
                    {
                        stack[height++] = locals[local];
                        pos = next;
                        continue;
                    }
                    break;
                }
                case FastKind.LocalSet:
                {
                    if (TryIndex(body, ref next, out int local) && (uint)local < (uint)locals.Length && height > floor && stack[height - 1] == locals[local])
                    {
                        height--;
                        pos = next;
                        continue;
                    }
                    break;
                }
                case FastKind.LocalTee:
                {
                    if (TryIndex(body, ref next, out int local) && (uint)local < (uint)locals.Length && height > floor && stack[height - 1] == locals[local])
                    {
                        pos = next;
                        continue;
                    }
                    break;
                }
                case FastKind.Binary:
                    if (height - floor >= 2 && stack[height - 1] == row.Operand && stack[height - 2] == row.Operand)
                    {
                        height--;
                        stack[height - 1] = row.Result;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Unary:
                    if (height > floor && stack[height - 1] == row.Operand)
                    {
                        stack[height - 1] = row.Result;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.I32Const:
                    if (TrySkipLeb(body, ref next, 4) && (uint)height < (uint)stack.Length)
                    {
                        stack[height++] = row.Result;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.I64Const:
                    if (TrySkipLeb(body, ref next, 9) && (uint)height < (uint)stack.Length)
                    {
                        stack[height++] = row.Result;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Load:
                    if (TryMemArg(body, ref next, row.Alignment) && height > floor && stack[height - 1] == row.Operand)
                    {
                        stack[height - 1] = row.Result;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Store:
                    if (TryMemArg(body, ref next, row.Alignment) && height - floor >= 2 && stack[height - 1] == row.Result && stack[height - 2] == row.Operand)
                    {
                        height -= 2;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Block or FastKind.Loop:
                    // Without parameters and results.
                    if ((uint)next < (uint)body.Length && body[next] == 0x40)
                    {
                        _height = height;
                        _offset = origin + pos;
                        OpenFrame(row.Kind == FastKind.Block ? FrameKind.Block : FrameKind.Loop, null, default);
                        floor = height;
                        pos = next + 1;
                        continue;
                    }
                    break;
                case FastKind.End:
                    if (TryEnd(stack, height))
                    {
                        floor = _floor;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Br:
                    if (TryIndex(body, ref next, out int target) && TryBranch(stack, height, target))
                    {
                        SetUnreachable();
                        height = floor;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.BrIf:
                    if (height > floor && stack[height - 1] == ValType.I32 && TryIndex(body, ref next, out target) && TryBranch(stack, height - 1, target))
                    {
                        height--;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Call:
                    if (Leb.TryReadU32(body, ref next, out uint callee) == LebStatus.Ok && TryCall(callee, stack, ref height))
                    {
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.Drop:
                    if (height > floor)
                    {
                        height--;
                        pos = next;
                        continue;
                    }
                    break;
                case FastKind.F32Const:
                    if (next + 4 <= body.Length && (uint)height < (uint)stack.Length)
                    {
                        stack[height++] = row.Result;
                        pos = next + 4;
                        continue;
                    }
                    break;
                case FastKind.F64Const:
                    if (next + 8 <= body.Length && (uint)height < (uint)stack.Length)
                    {
                        stack[height++] = row.Result;
                        pos = next + 8;
                        continue;
                    }
                    break;
            }
            _height = height;
            reader.Position = pos;
            reader.Read(ref op);
            Step(reader, op);
            pos = reader.Position;
            stack = _operands;
            height = _height;
            floor = _floor;
            if (_depth == 0) break;
        }
        if (pos < body.Length) WasmFormatException.ThrowMalformed(reader.Offset, "section size mismatch: operators after the end of the function");
    }

    // A block inside the function that ends with exactly its results, at most one.
    bool TryEnd(ReadOnlySpan<ValType> stack, int height)
    {
        ref ControlFrame frame = ref _frames[_depth - 1];
        if (frame.Signature is not null || _depth == 1 || _tracksInit) return false;
        if (frame.Single.IsBottom ? height != _floor : height != _floor + 1 || stack[height - 1] != frame.Single || frame.Kind == FrameKind.If) return false;
        CloseFrame();
        return true;
    }

    // A branch that takes nothing along, or one operand of the very type.
    bool TryBranch(ReadOnlySpan<ValType> stack, int height, int label)
    {
        if ((uint)label >= (uint)_depth) return false;
        ref ControlFrame frame = ref _frames[_depth - 1 - label];
        if (frame.Signature is not null) return false;
        return frame.Single.IsBottom || frame.Kind == FrameKind.Loop || height > _floor && stack[height - 1] == frame.Single;
    }

    // Arguments that are there, of the very types, and room for the results.
    bool TryCall(uint function, Span<ValType> stack, ref int height)
    {
        if (function >= (uint)_context.Functions.Count) return false;
        FuncType type = _context.FunctionType((int)function);
        ReadOnlySpan<ValType> parameters = type.Parameters, results = type.Results;
        int first = height - parameters.Length;
        if (first < _floor || first + results.Length > stack.Length) return false;
        ReadOnlySpan<ValType> arguments = stack.Slice(first, parameters.Length);
        for (int i = 0; i < arguments.Length; i++)
            if (arguments[i] != parameters[i]) return false;
        for (int i = 0; i < results.Length; i++) stack[first + i] = results[i];
        height = first + results.Length;
        return true;
    }

    // An index of one or two bytes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryIndex(ReadOnlySpan<byte> body, ref int pos, out int index)
    {
        index = 0;
        if ((uint)pos >= (uint)body.Length) return false;
        index = body[pos++];
        if (index < 0x80) return true;
        if ((uint)pos >= (uint)body.Length) return false;
        int second = body[pos++];
        index = index & 0x7F | second << 7;
        return second < 0x80;
    }

    // A number of so few bytes that it cannot be too large.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TrySkipLeb(ReadOnlySpan<byte> body, ref int pos, int most)
    {
        for (int end = Math.Min(pos + most, body.Length); pos < end;)
            if (body[pos++] < 0x80) return true;
        return false;
    }

    // Memory 0, alignment in range, a short offset.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool TryMemArg(ReadOnlySpan<byte> body, ref int pos, int natural)
    {
        if ((uint)pos >= (uint)body.Length || body[pos++] > natural) return false;
        return TrySkipLeb(body, ref pos, 4);
    }
}
