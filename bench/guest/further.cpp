/*
 * Four further kernels: what integer.c leaves out. A walk through 64 MB, doubles in SSE2, calls through a table, virtual
 * calls. The same source as a Linux program runs under qemu-user beside.
 */
#include "measure.h"
#include <stdint.h>

static uint64_t random_state = 1;
static unsigned next_random(unsigned bound)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)((random_state >> 33) * bound >> 31);
}

/* A cycle through a million cache lines, each the random successor of another. */
struct line {
    uint32_t next;
    uint32_t value;
    uint64_t unused[7];
};
static const unsigned LINES = 1 << 20;
static line lines[LINES] __attribute__((aligned(64)));

static void link_lines()
{
    for (unsigned i = 0; i < LINES; i++)
        lines[i] = {i, i * 2654435761u, {}};
    /* Sattolo's shuffle makes a single cycle. */
    for (unsigned i = LINES - 1; i > 0; i--) {
        unsigned j = next_random(i);
        uint32_t kept = lines[i].next;
        lines[i].next = lines[j].next;
        lines[j].next = kept;
    }
}
static NOINLINE unsigned walk()
{
    unsigned sum = 0, at = 0;
    for (unsigned i = 0; i < LINES; i++) {
        sum = sum * 3 + lines[at].value;
        at = lines[at].next;
    }
    return sum + at;
}

static unsigned bits(double value)
{
    uint64_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    return (unsigned)(pattern ^ pattern >> 32);
}

/* Eight bodies that attract each other: scalar doubles, with roots and divisions. */
struct body {
    double x, y, z, vx, vy, vz, mass;
};
static const unsigned BODIES = 8;

static void advance(body *bodies, double step)
{
    for (unsigned i = 0; i < BODIES; i++) {
        body &a = bodies[i];
        for (unsigned j = i + 1; j < BODIES; j++) {
            body &b = bodies[j];
            double dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
            double square = dx * dx + dy * dy + dz * dz + 0.01;
            double force = step / (square * __builtin_sqrt(square));
            a.vx -= dx * b.mass * force;
            a.vy -= dy * b.mass * force;
            a.vz -= dz * b.mass * force;
            b.vx += dx * a.mass * force;
            b.vy += dy * a.mass * force;
            b.vz += dz * a.mass * force;
        }
    }
    for (unsigned i = 0; i < BODIES; i++) {
        body &each = bodies[i];
        each.x += step * each.vx;
        each.y += step * each.vy;
        each.z += step * each.vz;
    }
}
static NOINLINE double attract()
{
    body bodies[BODIES];
    for (unsigned i = 0; i < BODIES; i++)
        bodies[i] = {i * 1.5, i * i * 0.3, 7.0 - i, 0.1 * i, 0.2, -0.05 * i, 1.0 + i * 0.25};
    for (unsigned i = 0; i < 2000; i++)
        advance(bodies, 0.001);
    double sum = 0;
    for (const body &each : bodies)
        sum += each.x + each.y * 2 + each.z * 3;
    return sum;
}

/* A product of matrices: packed doubles. */
typedef double pair __attribute__((vector_size(16)));
static const unsigned ORDER = 96;
static pair left[ORDER][ORDER / 2], right[ORDER][ORDER / 2], product[ORDER][ORDER / 2];

static NOINLINE double multiply()
{
    for (unsigned i = 0; i < ORDER; i++)
        for (unsigned j = 0; j < ORDER / 2; j++) {
            left[i][j] = pair{i + j * 0.5, i - j * 0.25};
            right[i][j] = pair{j * 0.125 - i, 1.0 / (i + j + 1)};
            product[i][j] = pair{0, 0};
        }
    for (unsigned i = 0; i < ORDER; i++)
        for (unsigned k = 0; k < ORDER; k++) {
            double factor = left[i][k / 2][k & 1];
            for (unsigned j = 0; j < ORDER / 2; j++)
                product[i][j] += pair{factor, factor} * right[k][j];
        }
    pair sum = {0, 0};
    for (unsigned i = 0; i < ORDER; i++)
        sum = sum * 0.5 + product[i][i / 2];
    return sum[0] + sum[1];
}
static NOINLINE unsigned doubles() { return bits(attract()) * 31 + bits(multiply()); }

/* A random program of sixteen operations, each called through a table. */
typedef uint64_t operation(uint64_t value, uint64_t operand);
static NOINLINE uint64_t op_add(uint64_t a, uint64_t b) { return a + b; }
static NOINLINE uint64_t op_subtract(uint64_t a, uint64_t b) { return a - b; }
static NOINLINE uint64_t op_xor(uint64_t a, uint64_t b) { return a ^ b; }
static NOINLINE uint64_t op_or(uint64_t a, uint64_t b) { return (a | b) + 1; }
static NOINLINE uint64_t op_and(uint64_t a, uint64_t b) { return (a & b) - 1; }
static NOINLINE uint64_t op_multiply(uint64_t a, uint64_t b) { return a * (b | 1); }
static NOINLINE uint64_t op_left(uint64_t a, uint64_t b) { return a << (b & 7) ^ b; }
static NOINLINE uint64_t op_right(uint64_t a, uint64_t b) { return a >> (b & 7) ^ b << 40; }
static NOINLINE uint64_t op_rotate(uint64_t a, uint64_t b) { return a << 13 | (a ^ b) >> 51; }
static NOINLINE uint64_t op_swap(uint64_t a, uint64_t b) { return __builtin_bswap64(a) + b; }
static NOINLINE uint64_t op_least(uint64_t a, uint64_t b) { return a < b ? a + 3 : b; }
static NOINLINE uint64_t op_most(uint64_t a, uint64_t b) { return a > b ? a - 3 : b; }
static NOINLINE uint64_t op_not(uint64_t a, uint64_t b) { return ~a + b; }
static NOINLINE uint64_t op_negate(uint64_t a, uint64_t b) { return b - a; }
static NOINLINE uint64_t op_short(uint64_t a, uint64_t b) { return (a & 0xffff) * b; }
static NOINLINE uint64_t op_fold(uint64_t a, uint64_t b) { return (a ^ a >> 29) + b; }
static operation *volatile operations[] = {
    op_add,    op_subtract, op_xor,   op_or,   op_and, op_multiply, op_left,  op_right,
    op_rotate, op_swap,     op_least, op_most, op_not, op_negate,   op_short, op_fold,
};
static uint8_t steps[1 << 14];

static void choose_steps()
{
    for (uint8_t &step : steps)
        step = (uint8_t)next_random(16);
}
static NOINLINE unsigned indirect()
{
    operation *table[16];
    for (unsigned i = 0; i < 16; i++)
        table[i] = operations[i];
    __asm__ volatile("" : : "r"(table) : "memory");
    uint64_t value = 1;
    for (unsigned i = 0; i < sizeof steps; i++)
        value = table[steps[i]](value, i);
    return (unsigned)(value ^ value >> 32);
}

/* Objects of four classes in a random order, two virtual calls on each. */
class shape {
  public:
    virtual unsigned area() const { return 0; }
    virtual void grow(unsigned) {}
};
class square : public shape {
    unsigned side = 3;
    unsigned area() const override { return side * side; }
    void grow(unsigned by) override { side = (side + by) & 1023; }
};
class rectangle : public shape {
    unsigned width = 2, height = 5;
    unsigned area() const override { return width * height; }
    void grow(unsigned by) override { width = (width + by) & 511, height ^= by & 3; }
};
class triangle : public shape {
    unsigned base = 4, height = 4;
    unsigned area() const override { return base * height / 2; }
    void grow(unsigned by) override { base = (base ^ by) & 2047; }
};
class framed : public rectangle {
    unsigned frames = 0;
    void grow(unsigned by) override { frames = frames * 3 + by; }
};
static const unsigned SHAPES = 4096;
static square squares[SHAPES];
static rectangle rectangles[SHAPES];
static triangle triangles[SHAPES];
static framed frameds[SHAPES];
static shape *shapes[SHAPES];

static void mix_shapes()
{
    for (unsigned i = 0; i < SHAPES; i++) {
        shape *kinds[] = {&squares[i], &rectangles[i], &triangles[i], &frameds[i]};
        shapes[i] = kinds[next_random(4)];
    }
}
static NOINLINE unsigned virtual_calls()
{
    unsigned sum = 0;
    for (shape *each : shapes) {
        each->grow(sum & 15);
        sum = sum * 5 + each->area();
    }
    return sum;
}

int main(int argc, char **argv)
{
    static const kernel kernels[] = {
        {"walk", walk, 1},
        {"doubles", doubles, 100},
        {"indirect", indirect, 600},
        {"virtual", virtual_calls, 2000},
    };
    link_lines();
    choose_steps();
    mix_shapes();
    measure_all(kernels, sizeof kernels / sizeof *kernels, argc, argv);
    return 0;
}
