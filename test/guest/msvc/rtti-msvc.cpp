/*
 * dynamic_cast and typeid of MSVC's ABI: vcruntime140.dll walks the tables that the compiler emits for
 * x86_64-pc-windows-msvc. No headers and no C++ library.
 * https://learn.microsoft.com/en-us/cpp/cpp/dynamic-cast-operator
 * https://learn.microsoft.com/en-us/cpp/cpp/typeid-operator
 */
typedef unsigned long long size_t;
extern "C" {
__declspec(dllimport) int printf(const char *, ...);
__declspec(dllimport) const char *GetCommandLineA(void);
__declspec(dllimport) __declspec(noreturn) void exit(int);
typedef void (*pure_call_handler)(void);
__declspec(dllimport) pure_call_handler _set_purecall_handler(pure_call_handler);
int _fltused = 1;
void start(void);
}
/* The vtable of type_info, which every type descriptor names. */
extern "C" const void *const type_info_vtable __asm__("??_7type_info@@6B@");
const void *const type_info_vtable = 0;
#define NOINLINE __declspec(noinline)
void operator delete(void *) noexcept {}
void operator delete(void *, size_t) noexcept {}

/* As vcruntime140 lays them out. */
class type_info {
public:
    virtual ~type_info();
    void *undecorated;
    char decorated[1];
};
namespace std {
using ::type_info;
class exception {
public:
    virtual ~exception() {}
    virtual const char *what() const { return "?"; }
    const char *text;
    bool owned;
};
class bad_cast : public exception {};
class bad_typeid : public exception {};
class __non_rtti_object : public bad_typeid {};
}

struct Base { int base = 1; virtual NOINLINE ~Base() {} };
struct Middle : Base { int middle = 2; };
struct Derived : Middle { int derived = 3; };
struct Other : Base { int other = 4; };

struct Left { int left = 10; virtual NOINLINE void of_left() {} };
struct Right { int right = 11; virtual NOINLINE void of_right() {} };
struct Both : Left, Right { int both = 12; };
struct Stranger { virtual NOINLINE void stranger() {} };

struct Root { int root = 20; virtual NOINLINE void of_root() {} };
struct West : virtual Root { int west = 21; };
struct East : virtual Root { int east = 22; virtual NOINLINE void of_east() {} };
struct Diamond : West, East { int diamond = 23; };

/* Two Roots: which one is meant? */
struct Up : Root { int up = 30; };
struct Down : Root { int down = 31; };
struct Twice : Up, Down, Stranger { int twice = 32; };

struct Middling : Root { int middling = 35; };
struct One : Middling { int one = 36; };
struct Another : Middling { int another = 37; };
struct Pair : One, Another {};

struct Hidden { int hidden = 40; virtual NOINLINE void of_hidden() {} };
struct Keeper : Stranger, private Hidden {
    int keeper = 41;
    NOINLINE Hidden *give() { return this; }
};

/* Two objects of one class around one part. */
struct Shared { int shared = 50; virtual NOINLINE void of_shared() {} };
struct Around : virtual Shared { int around = 51; };
struct First : Around { int first = 52; };
struct Second : Around { int second = 53; };
struct Ring : First, Second { int ring = 54; };

template <class To, class From> NOINLINE static To *cast(From *from) { return dynamic_cast<To *>(from); }
/* Where the result is in the whole object, or none. */
static void show(const char *what, const void *whole, const void *part) {
    if (!part) printf("%s: none\n", what);
    else printf("%s: at %d\n", what, (int)((const char *)part - (const char *)whole));
}

static void down() {
    Derived derived;
    Middle middle;
    Other other;
    Base *part = &derived;
    show("Base of a Derived to Derived", &derived, cast<Derived>(part));
    show("Base of a Derived to Middle", &derived, cast<Middle>(part));
    show("Base of a Derived to Other", &derived, cast<Other>(part));
    part = &middle;
    show("Base of a Middle to Derived", &middle, cast<Derived>(part));
    part = &other;
    show("Base of an Other to Other", &other, cast<Other>(part));
    show("no Base at all", &other, cast<Other>((Base *)0));
}

static void across() {
    Both both;
    Right *right = &both;
    Left *left = &both;
    show("Right of a Both to Both", &both, cast<Both>(right));
    show("Right of a Both to Left", &both, cast<Left>(right));
    show("Left of a Both to Right", &both, cast<Right>(left));
    show("Left of a Both to Stranger", &both, cast<Stranger>(left));
    show("Right of a Both to all of it", &both, dynamic_cast<void *>(right));
    Left alone;
    show("Left to Both", &alone, cast<Both>(&alone));
}

static void diamonds() {
    Diamond diamond;
    Root *root = &diamond;
    West *west = &diamond;
    East *east = &diamond;
    show("Root of a Diamond to all of it", &diamond, dynamic_cast<void *>(root));
    show("Root of a Diamond to Diamond", &diamond, cast<Diamond>(root));
    show("Root of a Diamond to East", &diamond, cast<East>(root));
    show("West of a Diamond to East", &diamond, cast<East>(west));
    show("East of a Diamond to West", &diamond, cast<West>(east));
    East alone;
    show("Root of an East to West", &alone, cast<West>((Root *)&alone));
}

static void doubtful() {
    Twice twice;
    Stranger *stranger = &twice;
    show("Stranger of a Twice to Up", &twice, cast<Up>(stranger));
    show("Stranger of a Twice to Root", &twice, cast<Root>(stranger));
    show("Root of a Down of a Twice to Down", &twice, cast<Down>((Root *)(Down *)&twice));
    show("Root of a Down of a Twice to Up", &twice, cast<Up>((Root *)(Down *)&twice));
    Pair pair;
    show("Root of the other half of a Pair to Middling", &pair, cast<Middling>((Root *)(Another *)&pair));
    Keeper keeper;
    show("Stranger of a Keeper to Keeper", &keeper, cast<Keeper>((Stranger *)&keeper));
    show("Stranger of a Keeper to Hidden", &keeper, cast<Hidden>((Stranger *)&keeper));
    show("Hidden of a Keeper to Keeper", &keeper, cast<Keeper>(keeper.give()));
    show("Hidden of a Keeper to Stranger", &keeper, cast<Stranger>(keeper.give()));
    Ring ring;
    Shared *shared = &ring;
    show("Shared of a Ring to Ring", &ring, cast<Ring>(shared));
    show("Shared of a Ring to First", &ring, cast<First>(shared));
    show("Shared of a Ring to Around", &ring, cast<Around>(shared));
}

/* While it is built, an object is only as much as there is of it yet. */
struct Builds : West {
    void of_root() override {}
    Builds() { show("West of a Builds that is one", this, cast<Builds>((Root *)this)); }
};
struct Rises : Builds, Stranger { long long rises[3]; };

template <class To, class From> NOINLINE static void reference(const char *what, From &from) {
    try {
        To &to = dynamic_cast<To &>(from);
        show(what, &from, &to);
    } catch (const std::bad_cast &bad) {
        printf("%s: bad_cast, %s\n", what, bad.what());
    }
}
NOINLINE static const type_info &type_of(Base *base) { return typeid(*base); }

static void types() {
    Derived derived;
    Other other;
    Base *bases[] = { &derived, &other };
    for (Base *base : bases) printf("typeid %s\n", type_of(base).decorated);
    printf("same %d\n", &type_of(&derived) == &typeid(Derived));
    try {
        printf("not reached %s\n", type_of(0).decorated);
    } catch (const std::bad_typeid &bad) {
        printf("bad_typeid, %s\n", bad.what());
    }
}

static void references() {
    Derived derived;
    Both both;
    reference<Derived>("a Derived", (Base &)derived);
    reference<Other>("a Derived as Other", (Base &)derived);
    reference<Left>("Right as Left", (Right &)both);
    try {
        show("not reached", &both, &dynamic_cast<Stranger &>((Right &)both));
    } catch (std::exception copy) {
        printf("a copy of the exception\n");
    }
    try {
        show("not reached", &both, &dynamic_cast<Stranger &>((Right &)both));
    } catch (const std::exception &bad) {
        printf("exception, %s\n", bad.what());
    }
}

/* No object of a class with virtual functions: its table is nowhere, or what should be behind it is not. */
static void forged() {
    struct { void *vtable; } object = { (void *)0x10 };
    try {
        printf("not reached %p\n", (void *)cast<Derived>((Base *)&object));
    } catch (const std::__non_rtti_object &bad) {
        printf("__non_rtti_object, %s\n", bad.what());
    }
    try {
        printf("not reached %s\n", type_of((Base *)&object).decorated);
    } catch (const std::__non_rtti_object &bad) {
        printf("__non_rtti_object, %s\n", bad.what());
    }
}

struct Abstract {
    NOINLINE Abstract() { call(); }
    NOINLINE void call() { pure(); }
    virtual void pure() = 0;
};
struct Concrete : Abstract { void pure() override {} };

static void pure_call() {
    printf("a pure virtual function was called\n");
    exit(7);
}

void start(void) {
    const char *line = GetCommandLineA();
    while (line[1] != 0) line++;
    if (line[-1] == '-' && (line[0] == 'p' || line[0] == 'h')) {
        if (line[0] == 'h') printf("before: %p\n", (void *)_set_purecall_handler(pure_call));
        Concrete made;
        printf("not reached\n");
    }
    down();
    across();
    diamonds();
    doubtful();
    Builds built;
    Rises risen;
    types();
    references();
    forged();
    exit(0);
}
