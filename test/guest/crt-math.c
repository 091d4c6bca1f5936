/* The DLL's own mathematics, found by name: exact results to the bit, the others to 14 digits. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wcast-function-type"

#ifdef _UCRT
#define DLL "ucrtbase.dll"
#else
#define DLL "msvcrt.dll"
#endif

typedef double (*F1)(double);
typedef double (*F2)(double, double);
typedef float (*G1)(float);

static HMODULE dll;

static uint64_t bits(double x)
{
    uint64_t result;
    memcpy(&result, &x, 8);
    return result;
}

static void *find(const char *name)
{
    void *result = (void *)GetProcAddress(dll, name);
    if (!result) printf("%s is missing\n", name);
    return result;
}

static const double values[] = {0.0, -0.0, 0.5, -0.5, 1, -1, 1.5, 2.5, -2.5, 3, 10, 100.25, -7.75, 1e10, 1e-10, 4503599627370497.5, 1e300};

static void exact(const char *name)
{
    F1 f = (F1)find(name);
    if (!f) return;
    printf("%s:", name);
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) printf(" %I64x", bits(f(values[i])));
    printf("\n");
}

static void digits(const char *name, double from, double step)
{
    F1 f = (F1)find(name);
    if (!f) return;
    printf("%s:", name);
    for (int i = 0; i < 8; i++) printf(" %.13g", f(from + i * step));
    printf("\n");
}

static void floatDigits(const char *name, float from, float step)
{
    G1 f = (G1)find(name);
    if (!f) return;
    printf("%s:", name);
    for (int i = 0; i < 8; i++) printf(" %.5g", f(from + (float)i * step));
    printf("\n");
}

static void pairs(const char *name)
{
    F2 f = (F2)find(name);
    if (!f) return;
    static const double x[] = {1, -1, 3, 5.5, -5.5, 0, 1e300, 2, 7};
    static const double y[] = {2, 0.5, -4, 2.5, 2.5, 3, 1e10, 10, 7};
    printf("%s:", name);
    for (unsigned i = 0; i < 9; i++) printf(" %.15g", f(x[i], y[i]));
    printf("\n");
}

static void errors(const char *name, double x)
{
    F1 f = (F1)find(name);
    if (!f) return;
    errno = 0;
    double result = f(x);
    printf("%s(%g): %g %d\n", name, x, result, errno);
}

int main(void)
{
    dll = LoadLibraryA(DLL);
    static const char *const exactNames[] = {"floor", "ceil", "fabs"};
    for (unsigned i = 0; i < 3; i++) exact(exactNames[i]);
    digits("sqrt", 0, 0.7);
    static const char *const nearNames[] = {"sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "exp"};
    for (unsigned i = 0; i < 8; i++) digits(nearNames[i], -3, 0.9);
    digits("asin", -0.9, 0.25);
    digits("acos", -0.9, 0.25);
    digits("log", 0.1, 1.3);
    digits("log10", 0.1, 1.3);
    static const char *const floatNames[] = {"sinf", "cosf", "tanf", "atanf", "expf"};
    for (unsigned i = 0; i < 5; i++) floatDigits(floatNames[i], -3, 0.9f);
    floatDigits("sqrtf", 0, 0.7f);
    floatDigits("logf", 0.1f, 1.3f);
    pairs("pow");
    pairs("fmod");
    pairs("atan2");
    pairs("_hypot");
    pairs("_copysign");
    pairs("_nextafter");
    double (*load)(double, int) = (double (*)(double, int))find("ldexp");
    printf("ldexp: %I64x %I64x %I64x %I64x\n", bits(load(1, -1074)), bits(load(1.5, 1023)), bits(load(3, -1075)), bits(load(-1, 2000)));
    double (*frexp_)(double, int *) = (double (*)(double, int *))find("frexp");
    int e;
    double m = frexp_(100, &e);
    printf("frexp: %g %d", m, e);
    m = frexp_(-5e-324, &e);
    printf(" %g %d\n", m, e);
    double (*modf_)(double, double *) = (double (*)(double, double *))find("modf");
    double whole;
    m = modf_(-3.25, &whole);
    printf("modf: %g %g\n", m, whole);
    errors("sqrt", -1);
    errors("log", -1);
    errors("log", 0);
    errors("exp", 1000);
    errors("acos", 2);
#ifdef _UCRT
    static const char *const newer[] = {"trunc", "round", "rint", "nearbyint", "logb"};
    for (unsigned i = 0; i < 5; i++) exact(newer[i]);
    static const char *const newerNear[] = {"asinh", "cbrt", "erf", "erfc", "exp2", "expm1"};
    for (unsigned i = 0; i < 6; i++) digits(newerNear[i], -3, 0.9);
    digits("tgamma", 0.5, 0.7);
    digits("lgamma", 0.5, 0.7);
    digits("tgamma", -3.7, 0.95);
    digits("acosh", 1, 0.7);
    digits("atanh", -0.9, 0.25);
    digits("log1p", -0.9, 0.7);
    digits("log2", 0.1, 1.3);
    pairs("fdim");
    pairs("fmax");
    pairs("fmin");
    pairs("remainder");
    pairs("copysign");
    pairs("nextafter");
    double (*fma_)(double, double, double) = (double (*)(double, double, double))find("fma");
    printf("fma: %.17g %.17g\n", fma_(0.1, 10, -1), fma_(1e308, 10, -1e308));
    int (*ilogb_)(double) = (int (*)(double))find("ilogb");
    printf("ilogb: %d %d %d\n", ilogb_(1), ilogb_(0.3), ilogb_(5e-324));
    long (*lround_)(double) = (long (*)(double))find("lround");
    long (*lrint_)(double) = (long (*)(double))find("lrint");
    printf("lround: %ld %ld %ld, lrint: %ld %ld %ld\n", lround_(2.5), lround_(-2.5), lround_(0.49999999999999994), lrint_(2.5),
        lrint_(3.5), lrint_(-0.5));
    double (*remquo_)(double, double, int *) = (double (*)(double, double, int *))find("remquo");
    m = remquo_(29, 3, &e);
    printf("remquo: %g %d\n", m, e & 7);
#endif
    return 0;
}
