/*
 * type_info::name of MSVC's ABI: vcruntime140.dll undecorates what the compiler emits for x86_64-pc-windows-msvc.
 * A line is a decorated name and what it stands for. No headers and no C++ library.
 * https://learn.microsoft.com/en-us/cpp/cpp/type-info-class
 */
typedef unsigned long long size_t;
struct list_header { alignas(16) void *words[2]; };
extern "C" {
__declspec(dllimport) int printf(const char *, ...);
__declspec(dllimport) __declspec(noreturn) void exit(int);
__declspec(dllimport) const char *__std_type_info_name(void *, list_header *);
__declspec(dllimport) void __std_type_info_destroy_list(list_header *);
__declspec(dllimport) void InitializeSListHead(list_header *);
__declspec(dllimport) unsigned short QueryDepthSList(list_header *);
int _fltused = 1;
void start(void);
}
/* The vtable of type_info, which every type descriptor names. */
extern "C" const void *const type_info_vtable __asm__("??_7type_info@@6B@");
const void *const type_info_vtable = 0;

/* As vcruntime140 lays them out. */
struct type_data {
    const char *undecorated;
    char decorated[120];
};
class type_info {
public:
    virtual ~type_info();
    type_data data;
};
namespace std { using ::type_info; }

static list_header names;

static void show(const type_info &type) {
    type_data *data = const_cast<type_data *>(&type.data);
    printf("%s: %s\n", data->decorated, __std_type_info_name(data, &names));
}
#define T(...) show(typeid(__VA_ARGS__))

enum Plain { none };
enum class Small : unsigned char { none };
enum class Large : long long { none };
union Either { int one; float other; };
struct Outer {
    struct Inner {
        int member;
        void method();
        enum Kind { kind };
    };
    static int shared;
    static void common(int);
};
int Outer::shared;
namespace space { namespace deeper { class Held {}; struct Both : Held, Outer {}; } enum class Choice { none }; }
namespace { struct Hidden { struct Part {}; }; template <class T> struct Hides {}; }
struct Unknown;

template <class... T> struct Pack { struct Part {}; };
template <long long... n> struct Numbers {};
template <bool b, char c, unsigned long long u, Plain p> struct Mixed {};
template <template <class...> class T> struct Taker {};
template <class T> struct Nest { template <class U> struct Within { enum class Kind { none }; }; };
template <int *p> struct Address {};
template <int &r> struct Reference {};
template <void (*f)(int)> struct Function {};
template <int Outer::Inner::*m> struct Member {};
template <void (Outer::Inner::*m)()> struct Method {};
int global;

static void fundamental() {
    T(void); T(bool); T(char); T(signed char); T(unsigned char); T(short); T(unsigned short); T(int);
    T(unsigned int); T(long); T(unsigned long); T(long long); T(unsigned long long); T(float); T(double);
    T(long double); T(wchar_t); T(char16_t); T(char32_t); T(decltype(nullptr));
}

static void named() {
    T(Plain); T(Small); T(Large); T(Either); T(Outer); T(Outer::Inner); T(Outer::Inner::Kind);
    T(space::deeper::Held); T(space::Choice); T(Hidden); T(Hidden::Part); T(Hides<Hidden>); T(type_info);
}

static void pointers() {
    T(int *); T(const int *); T(volatile int *); T(const volatile int *); T(int **); T(int *const *);
    T(const int *const *volatile *); T(int *__restrict *); T(int __unaligned *); T(Outer *);
    T(const Outer::Inner *const *); T(Hidden *); T(Plain *); T(Unknown *); T(Pack<int> *);
}

static void arrays() {
    T(int[3]); T(int[2][3]); T(const int[3]); T(int *[3]); T(const int *[3]); T(int[]); T(Outer[400]);
    T(int(*)[3]); T(const int(*)[3]); T(int(*)[2][3]); T(int *(*)[3]); T(int(**)[3]); T(int(*[5])[3]);
}

static void functions() {
    T(void()); T(int(int)); T(int(*)(int)); T(void(*)()); T(int(*)(int, ...)); T(int(*)(...));
    T(int *(*)(const int *)); T(int(**)(int)); T(int(*const *)(int)); T(int(*[3])(int)); T(int(*[2][2])(int));
    T(int(*)(int(*)(int))); T(int(*(*)(int))(char)); T(void(*(*(*)(int))(short))(char)); T(int(&(*)())[3]);
    T(Outer(*)(Outer, Outer, Outer *)); T(int(*)(int *, int *, Outer *, Outer *, int &, int &&));
    T(const Outer &(*)(const Outer &, Pack<Outer>)); T(void(__vectorcall *)()); T(void(*)(bool, bool));
    T(void(*)(int *const, const int)); T(void(*)(int(*)(Outer *), int(*)(Outer *), Outer *)); T(const Outer(*)());
    T(void(*)(space::deeper::Held, space::deeper::Held *, space::Choice));
}

static void members() {
    T(int Outer::*); T(const int Outer::Inner::*); T(int(Outer::*)[3]); T(int *Outer::*); T(int Outer::* Outer::Inner::*);
    T(void(Outer::*)()); T(void(Outer::*)() const); T(void(Outer::*)() const volatile); T(void(Outer::*)() &);
    T(void(Outer::*)() const &&); T(int(Outer::Inner::**)(int)); T(int(Outer::*(*)(int))(char));
    T(int(*Outer::*)(int)); T(int space::deeper::Both::*); T(void(Unknown::*)()); T(void(*Outer::*)(Outer *, Outer *));
}

static void templates() {
    T(Pack<>); T(Pack<int>); T(Pack<int, int>); T(Pack<Pack<>, Pack<>>); T(Pack<Pack<Pack<int>>>); T(Pack<int>::Part);
    T(Pack<Outer, Outer, Outer::Inner>); T(Pack<int &, int &&, const int &, const int, volatile int>);
    T(Pack<int *const, const int *const>); T(Pack<int[3], const int[3], int[]>); T(Pack<int(int), int(*)(int)>);
    T(Pack<int(&)(int), int(&)[3], int(&&)[3]>); T(Pack<void(*const)(int)>); T(Pack<void() const>); T(Pack<void>);
    T(Pack<decltype(nullptr), bool, wchar_t>); T(Pack<const Outer, volatile Outer, const volatile Outer>);
    T(Pack<Plain, Small, space::Choice>); T(Pack<Hidden>); T(Pack<int *, int *, int **, int **>);
    T(Pack<void(Outer::*)(), int Outer::*>); T(Pack<void(Outer::*)() &, int>); T(Pack<Outer(*)(Outer)>);
    T(Nest<int>::Within<char>); T(Nest<Outer>::Within<Outer>::Kind); T(Nest<Nest<int>::Within<int>>::Within<int>);
    T(Numbers<>); T(Numbers<0, 1, 9, 10, 11, 16, 255, -1, -10, -11>); T(Numbers<2147483647, -2147483647>);
    T(Numbers<0x123456789a, -0x7fffffffffffffff - 1>); T(Mixed<true, 'a', 18446744073709551615ull, none>);
    T(Taker<Pack>); T(Taker<Hides>); T(Address<&global>); T(Address<&Outer::shared>); T(Address<nullptr>);
    T(Reference<global>); T(Function<&Outer::common>); T(Method<&Outer::Inner::method>); T(Member<nullptr>);
}

struct Maker {
    Maker() { struct Local {}; T(Local); }
    ~Maker() { struct Local {}; T(Local *); }
    void operator()(int) const { struct Local {}; T(Local); }
    bool operator<(const Maker &) { struct Local {}; T(Local); return true; }
    operator int *() { struct Local {}; T(Local); return 0; }
    static void make(Maker &&) { struct Local {}; T(Local); }
    virtual void made() { struct Local { void inner() { struct Innermost {}; T(Innermost); } } local; local.inner(); }
};
template <class T> static void generic(T) { struct Local {}; T(Local); }
extern "C" void of_c(void);
void of_c(void) { struct Local {}; T(Local); }
void of_cxx(int number, Outer *);
void of_cxx(int number, Outer *) {
    struct Local {};
    T(Local);
    if (number) {
        struct Local { struct Part {}; };
        T(Local::Part);
        T(Pack<Local, Local>);
    }
    auto lambda = [](int) { struct Local {}; T(Local); };
    T(decltype(lambda));
    lambda(1);
}

static void locals() {
    Maker maker;
    maker(1);
    (void)(maker < maker);
    (void)(int *)maker;
    Maker::make((Maker &&)maker);
    maker.made();
    generic(1);
    generic((Outer *)0);
    of_c();
    of_cxx(1, 0);
}

/* What this compiler does not write, or no compiler. */
static type_data written[] = {
    { 0, "._Q" }, { 0, "._D" }, { 0, ".P6AXUX@?A0xa6a4f20e@@0@Z" }, { 0, ".P6A?AUX@?A0xa6a4f20e@@U01@@Z" },
    { 0, ".P6AXXZ" }, { 0, ".P6GXXZ" }, { 0, ".P6IXXZ" }, { 0, ".P6EXXZ" }, { 0, ".P6BXXZ" }, { 0, ".P6AXX_E" },
    { 0, ".P8A@@EAAXX_E" }, { 0, ".P8A@@EIAAXXZ" }, { 0, ".PEIFBH" }, { 0, ".PAH" }, { 0, ".PBQBH" }, { 0, ".P8A@@AAXXZ" },
    { 0, ".Yfoo@@" }, { 0, ".?BVfoo@@" }, { 0, ".?AU?$A@PEAH0@@" }, { 0, ".?AU?$A@$F00@@" }, { 0, ".?AU?$A@$G00?0@@" },
    { 0, ".?AVfoo@bar@1@" }, { 0, ".?AV?$a@H@?$a@H@0@" },
    { 0, "." }, { 0, ".?" }, { 0, ".?AV" }, { 0, ".?AVfoo" }, { 0, ".?AVfoo@" }, { 0, ".?AV1@@" }, { 0, ".?AVfoo@bar@2@" },
    { 0, ".?AV?$a@" }, { 0, "._" }, { 0, "._9" }, { 0, ".P6AXX" }, { 0, ".?AW8E@@" }, { 0, ".@" }, { 0, ".Y02H" },
};

/* A name is made once, and belongs to the list. */
static void kept() {
    static type_data data = { 0, ".?AVkept@@" };
    static list_header list;
    InitializeSListHead(&list);
    const char *first = __std_type_info_name(&data, &list);
    const char *second = __std_type_info_name(&data, &list);
    printf("%s, the same %d, kept %d, in the list %d\n", first, first == second, data.undecorated == first,
           QueryDepthSList(&list));
    static type_data other = { 0, ".H" };
    __std_type_info_name(&other, &list);
    printf("in the list %d\n", QueryDepthSList(&list));
    __std_type_info_destroy_list(&list);
    printf("in the list %d\n", QueryDepthSList(&list));
    __std_type_info_destroy_list(&list);
    printf("destroyed twice\n");
}

void start(void) {
    InitializeSListHead(&names);
    fundamental();
    named();
    pointers();
    arrays();
    functions();
    members();
    templates();
    locals();
    for (type_data &data : written) printf("%s: %s\n", data.decorated, __std_type_info_name(&data, &names));
    kept();
    __std_type_info_destroy_list(&names);
    printf("in the list %d\n", QueryDepthSList(&names));
    exit(0);
}
