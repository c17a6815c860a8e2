using System.Globalization;
using System.Text;

namespace Hornet.Native;

/// <summary>A map file: address, size and name, in hexadecimal, a line for each function. Source: linux/tools/perf/Documentation/jit-interface.txt.</summary>
internal sealed unsafe class PerfMap(string path) : CodeProfile(path, Create(path))
{
    protected override void Write(byte* code, int size, string name) =>
        File.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(nint)code:x} {size:x} {name}\n")));
}
