using Hornet.Base;
using Hornet.Wasm;

namespace Hornet.Text.Modules;

// Functions, their locals, and the names and hints that go with them.
ref partial struct ModuleParser
{
    readonly ByteBuffer _codeSection = new(4096), _body = new(1024);
    readonly ByteBuffer _localNames = new(), _labelNames = new(), _hints = new();
    readonly ByteBuffer _localType = new(8), _previousType = new(8), _groups = new();
    readonly List<(int Offset, byte Value)> _functionHints = [];
    readonly List<(int Index, int Name)> _functionLabels = [];
    int _localNameFunctions, _labelNameFunctions, _hintFunctions, _labelCount;

    void Func(int index)
    {
        if (InlineExportsAndImport(ExternKind.Func, index))
        {
            ImportFunc(index);
            return;
        }
        uint type = TypeUse(named: true);
        _funcCount++;
        _funcSection.U32(type);
        BeginLocals();
        AddParameterNames();
        _locals.Count = Math.Max(ParametersOf(type), _parameterCount);
        _body.Clear();
        Locals();
        _functionHints.Clear();
        _functionLabels.Clear();
        _labelCount = 0;
        _inFunction = true;
        try
        {
            Instructions(_body, single: false);
        }
        finally
        {
            _inFunction = false;
        }
        _body.Byte((byte)Op.End);
        _codeSection.Vector(_body.Written);
        WriteLocalNames(index);
        WriteLabelNames(index);
        WriteHints(index);
    }

    readonly void BeginLocals() => _locals.Clear();

    readonly void AddParameterNames()
    {
        foreach ((int local, int id, int displayed, Token token) in _parameterNames) BindLocal(local, id, displayed, token);
    }

    readonly void BindLocal(int local, int id, int displayed, Token token)
    {
        if (id >= 0 && !_locals.Bind(id, local)) Report(token, $"duplicate local {Show(id)}");
        if (displayed >= 0) _locals.Names.Add((local, displayed));
    }

    // (local ...)*, equal neighbours as one group
    void Locals()
    {
        _groups.Clear();
        _previousType.Clear();
        uint groups = 0, run = 0;
        while (c.TryForm("local"u8))
        {
            Token token = c.Current;
            int id = BindingId(out int displayed);
            if (displayed >= 0)
            {
                BindLocal(_locals.Count, id, displayed, token);
                LocalType(ref run, ref groups);
            }
            else
                while (c.Current.Kind != TokenKind.RightParen) LocalType(ref run, ref groups);
            c.Close();
        }
        EndGroup(ref run, ref groups);
        _body.U32(groups);
        _body.Append(_groups.Written);
    }

    void LocalType(ref uint run, ref uint groups)
    {
        _localType.Clear();
        ValType(_localType);
        _locals.Count++;
        if (run > 0 && !_localType.Written.SequenceEqual(_previousType.Written)) EndGroup(ref run, ref groups);
        if (run++ > 0) return;
        _previousType.Clear();
        _previousType.Append(_localType.Written);
    }

    readonly void EndGroup(ref uint run, ref uint groups)
    {
        if (run == 0) return;
        groups++;
        _groups.U32(run);
        _groups.Append(_previousType.Written);
        run = 0;
    }

    void WriteLocalNames(int function)
    {
        if (_locals.Names.Count == 0) return;
        _localNameFunctions++;
        _localNames.U32((uint)function);
        NameMap(_localNames, _locals.Names);
    }

    void WriteLabelNames(int function)
    {
        if (_functionLabels.Count == 0) return;
        _labelNameFunctions++;
        _labelNames.U32((uint)function);
        NameMap(_labelNames, _functionLabels);
    }

    void WriteHints(int function)
    {
        if (_functionHints.Count == 0) return;
        _hintFunctions++;
        _hints.U32((uint)function);
        _hints.U32((uint)_functionHints.Count);
        foreach ((int offset, byte value) in _functionHints)
        {
            _hints.U32((uint)offset);
            _hints.U32(1);
            _hints.Byte(value);
        }
    }

    readonly void NameMap(ByteBuffer to, List<(int Index, int Name)> names)
    {
        to.U32((uint)names.Count);
        foreach ((int index, int name) in names)
        {
            to.U32((uint)index);
            to.Vector(_names[name]);
        }
    }
}
