using System.Text;
using Hornet;

namespace QuickJs;

/// <summary>An error of JavaScript's.</summary>
sealed class JavaScriptException(string message) : Exception(message);

/// <summary>
/// A JavaScript engine: QuickJS in WebAssembly (npm package quickjs-wasi). The guest hands out its values as pointers, each freed once.
/// Whatever a script does, it does inside the guest's memory, and a deadline stops it.
/// </summary>
sealed class JavaScript : IDisposable
{
    readonly Store _store;
    readonly Memory _memory;
    readonly Dictionary<string, Func<object?[], object?>> _functions = [];

    readonly Func<int, int> _malloc, _getString, _getBool, _throw, _isException, _isArray, _isNull, _isUndefined, _isNumber, _isBool;
    readonly Action<int> _free, _freeValue, _freeString;
    readonly Func<int, double> _getNumber;
    readonly Func<double, int> _newNumber;
    readonly Func<int> _newError, _newArray, _getGlobal, _getException, _undefined, _null, _true, _false, _runJob;
    readonly Func<int, int, int> _newString, _getProperty, _getElement;
    readonly Func<int, int, int, int> _setProperty, _setElement, _newFunction;
    readonly Func<int, int, int, int, int> _eval;

    public JavaScript(Engine engine, Module quickJs, TimeSpan timeLimit)
    {
        using Linker linker = new(engine);
        linker.DefineWasi();
        // What QuickJS asks of its host, in C#.
        linker.DefineFunction("env", "host_call", (int name, int length, int self, int count, int values) => HostCall(name, length, count, values));
        linker.DefineFunction("env", "host_interrupt", () => 0);
        linker.DefineFunction("env", "host_promise_rejection", (int promise, int reason, int handled) =>
        {
            _freeValue!(promise);
            _freeValue(reason);
        });
        linker.DefineFunction("env", "host_module_normalize", (int from, int name) => 0);
        linker.DefineFunction("env", "host_module_load", (int name, int length) => 0);
        linker.DefineFunction("env", "host_get_timezone_offset", (int high, int low) => 0);

        _store = new Store(engine);
        _store.SetWasiConfiguration(new WasiConfiguration().WithInheritedStandardOutput().WithInheritedStandardError());
        _store.SetDeadline(timeLimit);
        Instance instance = linker.Instantiate(_store, quickJs);
        _memory = instance.GetMemory("memory")!;
        _malloc = instance.GetFunction<int, int>("wasm_malloc")!;
        _free = instance.GetAction<int>("wasm_free")!;
        _freeValue = instance.GetAction<int>("qjs_free_value")!;
        _freeString = instance.GetAction<int>("qjs_free_cstring")!;
        _getString = instance.GetFunction<int, int>("qjs_get_string")!;
        _isException = instance.GetFunction<int, int>("qjs_is_exception")!;
        _isArray = instance.GetFunction<int, int>("qjs_is_array")!;
        _isNull = instance.GetFunction<int, int>("qjs_is_null")!;
        _isUndefined = instance.GetFunction<int, int>("qjs_is_undefined")!;
        _isNumber = instance.GetFunction<int, int>("qjs_is_number")!;
        _isBool = instance.GetFunction<int, int>("qjs_is_bool")!;
        _getBool = instance.GetFunction<int, int>("qjs_get_bool")!;
        _getNumber = instance.GetFunction<int, double>("qjs_get_float64")!;
        _newNumber = instance.GetFunction<double, int>("qjs_new_number")!;
        _newString = instance.GetFunction<int, int, int>("qjs_new_string")!;
        _newArray = instance.GetFunction<int>("qjs_new_array")!;
        _newError = instance.GetFunction<int>("qjs_new_error")!;
        _throw = instance.GetFunction<int, int>("qjs_throw")!;
        _newFunction = instance.GetFunction<int, int, int, int>("qjs_new_host_function")!;
        _getGlobal = instance.GetFunction<int>("qjs_get_global")!;
        _getException = instance.GetFunction<int>("qjs_get_exception")!;
        _undefined = instance.GetFunction<int>("qjs_get_undefined")!;
        _null = instance.GetFunction<int>("qjs_get_null")!;
        _true = instance.GetFunction<int>("qjs_get_true")!;
        _false = instance.GetFunction<int>("qjs_get_false")!;
        _getProperty = instance.GetFunction<int, int, int>("qjs_get_prop_string")!;
        _setProperty = instance.GetFunction<int, int, int, int>("qjs_set_prop_string")!;
        _getElement = instance.GetFunction<int, int, int>("qjs_get_prop_uint32")!;
        _setElement = instance.GetFunction<int, int, int, int>("qjs_set_prop_uint32")!;
        _eval = instance.GetFunction<int, int, int, int, int>("qjs_eval")!;
        _runJob = instance.GetFunction<int>("qjs_execute_pending_job")!;
        instance.GetAction("_initialize")?.Invoke();
        instance.GetFunction<int>("qjs_init")!();
    }

    /// <summary>Makes a function of C#'s known to scripts. Numbers, strings, booleans, null and lists of these pass both ways.</summary>
    public void Define(string name, Func<object?[], object?> function)
    {
        _functions[name] = function;
        (int text, int length) = Text(name);
        int value = _newFunction(text, length, 0), global = _getGlobal();
        _setProperty(global, text, value);
        _freeValue(value);
        _freeValue(global);
        _free(text);
    }

    /// <summary>Runs a script, and what it left for later, and returns its value.</summary>
    public object? Evaluate(string script)
    {
        (int code, int length) = Text(script);
        (int file, _) = Text("<eval>");
        int result = _eval(code, length, file, 0);
        _free(code);
        _free(file);
        while (_runJob() > 0) { }
        if (_isException(result) == 0) return Take(result);
        _freeValue(result);
        int error = _getException();
        string message = String(error);
        _freeValue(error);
        throw new JavaScriptException(message);
    }

    public void Dispose() => _store.Dispose();

    int HostCall(int name, int length, int count, int values)
    {
        try
        {
            object?[] arguments = new object?[count];
            for (int i = 0; i < count; i++) arguments[i] = Value(_memory.ReadInt32(values + 4 * i));
            return Make(_functions[_memory.ReadString(name, length)](arguments));
        }
        catch (Exception e) when (e is not HornetException)
        {
            // An exception of C#'s is one of JavaScript's.
            int error = _newError();
            int message = Make(e.Message);
            (int key, _) = Text("message");
            _setProperty(error, key, message);
            _free(key);
            _freeValue(message);
            _throw(error);
            _freeValue(error);
            return 0;
        }
    }

    object? Take(int value)
    {
        object? result = Value(value);
        _freeValue(value);
        return result;
    }

    /// <summary>A guest's value as one of .NET's; what has no counterpart is its text.</summary>
    object? Value(int value)
    {
        if (_isNull(value) != 0 || _isUndefined(value) != 0) return null;
        if (_isNumber(value) != 0) return _getNumber(value);
        if (_isBool(value) != 0) return _getBool(value) != 0;
        if (_isArray(value) != 0)
        {
            (int key, _) = Text("length");
            int count = (int)(double)Take(_getProperty(value, key))!;
            _free(key);
            object?[] items = new object?[count];
            for (int i = 0; i < count; i++) items[i] = Take(_getElement(value, i));
            return items;
        }
        return String(value);
    }

    int Make(object? value)
    {
        switch (value)
        {
            case null: return _null();
            case bool b: return b ? _true() : _false();
            case double d: return _newNumber(d);
            case int i: return _newNumber(i);
            case string s:
                (int text, int length) = Text(s);
                int made = _newString(text, length);
                _free(text);
                return made;
            case object?[] items:
                int array = _newArray();
                for (int i = 0; i < items.Length; i++)
                {
                    int item = Make(items[i]);
                    _setElement(array, i, item);
                    _freeValue(item);
                }
                return array;
            default: throw new ArgumentException($"a {value.GetType().Name} cannot be passed to JavaScript");
        }
    }

    string String(int value)
    {
        int text = _getString(value);
        string result = _memory.ReadNullTerminatedString(text);
        _freeString(text);
        return result;
    }

    (int Address, int Length) Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int address = _malloc(bytes.Length + 1);
        Span<byte> target = _memory.GetSpan(address, bytes.Length + 1);
        bytes.CopyTo(target);
        target[^1] = 0;
        return (address, bytes.Length);
    }
}
