using System.Diagnostics;
using System.Text;

namespace Hornet.Wasm.Tests;

/// <summary>The expectations are what binutils' <c>c++filt -i</c> prints.</summary>
public sealed class DemanglerTests
{
    [Theory]
    [InlineData("_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE", "core::fmt::Formatter::write_str")]
    [InlineData("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE", "<Test + 'static as foo::Bar<Test>>::bar")]
    public void RustLegacy(string symbol, string name) => Means(symbol, name);

    [Theory]
    [InlineData("_RNvCs1234_7mycrate3foo", "mycrate::foo")]
    [InlineData("_RNCNvC3foo3bar0B3_", "foo::bar::{closure#0}")]
    [InlineData("_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE", "std::mem::align_of::<std::mem::Discriminant>")]
    [InlineData("_RINvC3foo3barKj7b_Kan5_Kb1_Kc61_E", "foo::bar::<123, -5, true, 'a'>")]
    [InlineData("_RINvC3foo3barFG_RL0_hEuE", "foo::bar::<for<'a> fn(&'a u8)>")]
    [InlineData("_RNvC3foou8gdel_5qa", "foo::gödel")]
    [InlineData("_RINvC1a1fDNtC1b1TEL_E", "a::f::<dyn b::T>")]
    [InlineData("_RINvC1a1fDINtC1b1ThEp4ItemlEL_E", "a::f::<dyn b::T<u8, Item = i32>>")]
    [InlineData("_RINvC1a1fAhj3_TlmETlEFUKCPhOhEzE", "a::f::<[u8; 3], (i32, u32), (i32,), unsafe extern \"C\" fn(*const u8, *mut u8) -> !>")]
    public void RustV0(string symbol, string name) => Means(symbol, name);

    [Theory]
    [InlineData("_Z1fv", "f()")]
    [InlineData("_ZZ3fooIiEiT_E1x", "foo<int>(int)::x")]
    [InlineData("_ZZN1A3fooIiEEiT_ENKUlvE_clEv", "A::foo<int>(int)::{lambda()#1}::operator()() const")]
    [InlineData("_ZN1AcvT_IiEEv", "A::operator int<int>()")]
    [InlineData("_ZltI1AEbT_S1_", "bool operator< <A>(A, A)")]
    [InlineData("_Z1fIJicEEvDpT_", "void f<int, char>(int, char)")]
    [InlineData("_ZNSsC1Ev", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()")]
    [InlineData("_ZNKSt3__112basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEE4sizeEv", "std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char> >::size() const")]
    [InlineData("_Z1fPFviE", "f(void (*)(int))")]
    [InlineData("_Z1fRA3_i", "f(int (&) [3])")]
    [InlineData("_Z1fM1AFivE", "f(int (A::*)())")]
    [InlineData("_Z1fM1Ai", "f(int A::*)")]
    [InlineData("_Z1fILi3ELj4ELb1ELc97ELm5EEvv", "void f<3, 4u, true, (char)97, 5ul>()")]
    [InlineData("_Z1fv.part.0", "f() [clone .part.0]")]
    [InlineData("_ZTV1A", "vtable for A")]
    [InlineData("_ZThn8_N1A1fEv", "non-virtual thunk to A::f()")]
    [InlineData("_Z1fIXadL_Z1gvEEEvv", "void f<&(g())>()")]
    [InlineData("_Z1fILi3EEv1AIXplT_Li2EEE", "void f<3>(A<(3)+(2)>)")]
    [InlineData("_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f()")]
    [InlineData("_ZNK1AclEi", "A::operator()(int) const")]
    [InlineData("_ZN1AD0Ev", "A::~A()")]
    [InlineData("_ZN1AIiEC2ERKS0_", "A<int>::A(A<int> const&)")]
    [InlineData("_Z1fILin3EEvv", "void f<-3>()")]
    [InlineData("_Z3barB5cxx11v", "bar[abi:cxx11]()")]
    [InlineData("_Z1fPKPVi", "f(int volatile* const*)")]
    [InlineData("_Z1fIiEDTcl1gfp_EET_", "decltype (g({parm#1})) f<int>(int)")]
    [InlineData("_Z1fPFPFvvEiE", "f(void (*(*)(int))())")]
    [InlineData("_Z1fIiEPFvvET_", "void (*f<int>(int))()")]
    [InlineData("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)")]
    [InlineData("_Z1fDv4_f", "f(float __vector(4))")]
    [InlineData("_Z1fU8__vectori", "f(int __vector)")]
    [InlineData("_ZN1A1fERKS_", "A::f(A const&)")]
    [InlineData("_ZNKR1A1fEv", "A::f() const &")]
    [InlineData("_ZNKO1A1fEv", "A::f() const &&")]
    [InlineData("_ZTIN1A1BE", "typeinfo for A::B")]
    [InlineData("_ZGVZ1fvE1x", "guard variable for f()::x")]
    [InlineData("_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc", "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&, char const*)")]
    [InlineData("_ZN9__gnu_cxx13new_allocatorIcE10deallocateEPcm", "__gnu_cxx::new_allocator<char>::deallocate(char*, unsigned long)")]
    [InlineData("_ZNSt8ios_base4InitC1Ev", "std::ios_base::Init::Init()")]
    [InlineData("_ZSt4moveIRiEONSt16remove_referenceIT_E4typeEOS2_", "std::remove_reference<int&>::type&& std::move<int&>(int&)")]
    [InlineData("_ZNSolsEi", "std::ostream::operator<<(int)")]
    [InlineData("_ZSt4endlIcSt11char_traitsIcEERSt13basic_ostreamIT_T0_ES6_", "std::basic_ostream<char, std::char_traits<char> >& std::endl<char, std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&)")]
    [InlineData("_ZNSt3mapISsiSt4lessISsESaISt4pairIKSsiEEEixERS3_", "std::map<std::string, int, std::less<std::string>, std::allocator<std::pair<std::string const, int> > >::operator[](std::string const&)")]
    [InlineData("_ZNSt10_HashtableIiSt4pairIKiiESaIS2_ENSt8__detail10_Select1stESt8equal_toIiESt4hashIiENS4_18_Mod_range_hashingENS4_20_Default_ranged_hashENS4_20_Prime_rehash_policyENS4_17_Hashtable_traitsILb0ELb0ELb1EEEE9_M_rehashEmRKm", "std::_Hashtable<int, std::pair<int const, int>, std::allocator<std::pair<int const, int> >, std::__detail::_Select1st, std::equal_to<int>, std::hash<int>, std::__detail::_Mod_range_hashing, std::__detail::_Default_ranged_hash, std::__detail::_Prime_rehash_policy, std::__detail::_Hashtable_traits<false, false, true> >::_M_rehash(unsigned long, unsigned long const&)")]
    [InlineData("_ZZ4mainE1x_0", "main::x")]
    [InlineData("_ZnwmSt11align_val_t", "operator new(unsigned long, std::align_val_t)")]
    [InlineData("_ZdlPv", "operator delete(void*)")]
    [InlineData("_ZN1A1BIiE1fIcEEvT_", "void A::B<int>::f<char>(char)")]
    [InlineData("_ZNSt17_Function_handlerIFvvEZ4mainEUlvE_E9_M_invokeERKSt9_Any_data", "std::_Function_handler<void (), main::{lambda()#1}>::_M_invoke(std::_Any_data const&)")]
    [InlineData("_ZNKSt8functionIFviEEclEi", "std::function<void (int)>::operator()(int) const")]
    [InlineData("_Z1fRKM1AKFivE", "f(int (A::* const&)() const)")]
    [InlineData("_ZTSSt9exception", "typeinfo name for std::exception")]
    [InlineData("_ZTv0_n24_NSt9basic_iosIcSt11char_traitsIcEED1Ev", "virtual thunk to std::basic_ios<char, std::char_traits<char> >::~basic_ios()")]
    [InlineData("_Z1fIiEvRA_KT_", "void f<int>(int const (&) [])")]
    [InlineData("_Z1fA37_iPS_", "f(int [37], int (*) [37])")]
    [InlineData("_ZN1fIL_Z1gEE1hEv", "f<g>::h()")]
    [InlineData("_Z1fIiLZ1gEEvv", "void f<int, g>()")]
    [InlineData("_ZN5boost6spirit4impl5parseI1AEENS1_IT_EEv", "boost::spirit::impl<A> boost::spirit::impl::parse<A>()")]
    [InlineData("_Z4funcIJEEvDpT_", "void func<>()")]
    [InlineData("_Z1fIJiiEEvDpRKT_", "void f<int, int>(int const&, int const&)")]
    [InlineData("_ZN4llvm10make_errorINS_3pdb8RawErrorEJNS1_14raw_error_codeERA26_KcEEENS_5ErrorEDpOT0_", "llvm::Error llvm::make_error<llvm::pdb::RawError, llvm::pdb::raw_error_code, char const (&) [26]>(llvm::pdb::raw_error_code&&, char const (&) [26])")]
    public void Cpp(string symbol, string name) => Means(symbol, name);

    [Theory]
    [InlineData("")]
    [InlineData("main")]
    [InlineData("_R")]
    [InlineData("_Z")]
    [InlineData("_ZN")]
    [InlineData("_Zebra")]
    [InlineData("_RNvC3fo")]
    [InlineData("_RNvMs0_NtC3foo3barNtB2_3Baz3new")]
    [InlineData("_RIC3fooRe616263_E")]
    [InlineData("_RNvB_3foo")]
    [InlineData("_RNvC99999999999foo")]
    [InlineData("_RNvC3foo4\u001b[0m")]
    public void WhatIsNotUnderstoodStays(string symbol) => Assert.False(Demangler.TryDemangle(symbol, out _));

    [Fact]
    public void HostileSymbolsEndSoon()
    {
        var watch = Stopwatch.StartNew();
        foreach (string piece in new[] { "N", "P", "I", "B_", "F", "R", "Nt", "S_", "T", "1a", "K", "X", "cl", "Z", "A_", "J", "M", "D", "T_", "PF", "L", "cv", "Ul" })
            foreach (string start in new[] { "_R", "_Z", "_ZN", "_Z1f", "_RINvC1a1f", "_Z1fI" })
                Demangler.TryDemangle(start + string.Concat(Enumerable.Repeat(piece, 10_000)), out _);
        // Each tuple is twice the one before it.
        StringBuilder doubling = new("_RINvC1a1fTlE");
        for (int at = 8, i = 0; i < 60; i++)
        {
            string back = at == 0 ? "_" : Base62(at - 1) + "_";
            at = doubling.Length - 2;
            doubling.Append($"TB{back}B{back}E");
        }
        Assert.False(Demangler.TryDemangle(doubling.Append('E').ToString(), out _));
        // So is each pair of pointers to functions.
        StringBuilder functions = new("_Z1fPFviE");
        for (int i = 1; i < 60; i++) functions.Append($"PFS{(i == 1 ? "0" : Base36((2 * i) - 1))}_S{Base36((2 * i) - 1)}_E");
        Demangler.TryDemangle(functions.ToString(), out _);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [Fact]
    public void MutatedSymbolsDoNoHarm()
    {
        Random random = new(20261122);
        string[] symbols = [.. GetType().GetMethods().SelectMany(m => m.GetCustomAttributesData()).Where(a => a.AttributeType == typeof(InlineDataAttribute))
            .Select(a => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)a.ConstructorArguments[0].Value!)[0].Value!).Where(s => s.Length > 3)];
        Assert.NotEmpty(symbols);
        const string Letters = "_ZRNIESTPFKLDMJAXBCGHOQUVabcdefgijlmnpstuvwxyz0123456789$.é";
        int understood = 0;
        for (int i = 0; i < 100_000; i++)
        {
            StringBuilder symbol = new(symbols[random.Next(symbols.Length)]);
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                int at = random.Next(2, symbol.Length);
                switch (random.Next(4))
                {
                    case 0: symbol[at] = Letters[random.Next(Letters.Length)]; break;
                    case 1: symbol.Insert(at, Letters[random.Next(Letters.Length)]); break;
                    case 2 when symbol.Length > 3: symbol.Remove(at, 1); break;
                    default:
                        string other = symbols[random.Next(symbols.Length)];
                        symbol.Append(other.AsSpan(random.Next(other.Length)));
                        break;
                }
            }
            if (Demangler.TryDemangle(symbol.ToString(), out string? name))
            {
                understood++;
                Assert.InRange(name.Length, 1, 1 << 16);
            }
        }
        Assert.InRange(understood, 1_000, 99_000);
    }

    [Fact]
    public void OnlyFunctionsAreRenamedAndTheirNamesStayDifferent()
    {
        NameSectionWriter writer = new();
        writer.Module("_RNvC3foo3bar");
        writer.Add(NameKind.Function, 0, "_RNvC3foo3bar");
        writer.Add(NameKind.Function, 1, "_RNvCs_3foo3bar");
        writer.Add(NameKind.Function, 2, "plain");
        writer.Add(NameKind.Function, 3, "_RNvCs0_3foo3bar");
        writer.Add(NameKind.Function, 4, "foo::bar [2]");
        writer.Add(NameKind.Global, 0, "_RNvC3foo3bar");
        NameSection names = NameSection.Read(DemangledNames.Rewrite(writer.ToArray()));
        Assert.Null(names.Error);
        Assert.Equal("_RNvC3foo3bar", names.Module);
        Assert.Equal("_RNvC3foo3bar", names.Find(NameKind.Global, 0));
        Assert.Equal(["foo::bar", "foo::bar [3]", "plain", "foo::bar [4]", "foo::bar [2]"], names.All(NameKind.Function).Select(n => n.Name));
    }

    [Fact]
    public void AMalformedNameSectionStays()
    {
        byte[] content = [1, 5, 2, 0, 9];
        Assert.Equal(content, DemangledNames.Rewrite(content));
    }

    static void Means(string symbol, string name)
    {
        Assert.True(Demangler.TryDemangle(symbol, out string? found));
        Assert.Equal(name, found);
    }

    const string Digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    static string Base62(int value) => value < 62 ? Digits[value].ToString() : Base62(value / 62) + Digits[value % 62];

    static string Base36(int value) => value < 36 ? Digits[value].ToString().ToUpperInvariant() : Base36(value / 36) + Digits[value % 36].ToString().ToUpperInvariant();
}
