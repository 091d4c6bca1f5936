// A tour of the C++ standard library without threads: containers, algorithms, streams, regular expressions,
// exceptions, numbers. Prints only what every implementation of the same libstdc++ must print.
#include <algorithm>
#include <any>
#include <array>
#include <bitset>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <limits>
#include <list>
#include <locale>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <valarray>
#include <variant>
#include <vector>

namespace {

void section(const char *name) { std::cout << "== " << name << '\n'; }

std::uint64_t digest(const std::string &text) {
    std::uint64_t value = 1469598103934665603u;
    for (unsigned char c : text) value = (value ^ c) * 1099511628211u;
    return value;
}

void containers() {
    section("containers");
    std::mt19937 random(12345);
    std::map<int, std::string> ordered;
    std::unordered_map<std::string, int> hashed;
    for (int i = 0; i < 200000; i++) {
        int key = static_cast<int>(random() % 50000);
        ordered[key] += static_cast<char>('a' + i % 26);
        hashed[std::to_string(key)] += i;
        if (i % 3 == 0) ordered.erase(static_cast<int>(random() % 50000));
    }
    std::string all;
    for (auto &[key, text] : ordered) all += std::to_string(key) + text;
    long long sum = 0;
    for (auto &[key, value] : hashed) sum += value % 1000 + static_cast<long long>(key.size());
    std::cout << ordered.size() << ' ' << std::hex << digest(all) << std::dec << ' ' << hashed.size() << ' ' << sum << '\n';
    std::cout << ordered.lower_bound(25000)->first << ' ' << ordered.rbegin()->first << '\n';

    std::multiset<std::string> words;
    std::istringstream text("the quick brown fox jumps over the lazy dog and the cat");
    for (std::string w; text >> w;) words.insert(w);
    std::copy(words.begin(), words.end(), std::ostream_iterator<std::string>(std::cout, ","));
    std::cout << words.count("the") << '\n';

    std::deque<int> deque;
    std::list<int> list;
    for (int i = 0; i < 1000; i++) {
        if (i % 2) deque.push_front(i);
        else deque.push_back(i);
        list.push_back(i * 7919 % 1000);
    }
    list.sort();
    list.unique();
    list.remove_if([](int n) { return n % 5 == 0; });
    std::cout << deque.front() << ' ' << deque.back() << ' ' << deque[500] << ' ' << list.size() << ' ' << list.back() << '\n';

    std::priority_queue<std::pair<int, std::string>> queue;
    for (int i = 0; i < 50; i++) queue.emplace(i * 37 % 50, std::string(static_cast<std::size_t>(i), 'x'));
    for (int i = 0; i < 5; i++) {
        std::cout << queue.top().first << ':' << queue.top().second.size() << ' ';
        queue.pop();
    }
    std::bitset<100> bits;
    for (std::size_t i = 0; i < 100; i += 7) bits.flip(i);
    std::cout << bits.count() << ' ' << (bits >> 40).to_string().substr(60) << '\n';
}

void algorithms() {
    section("algorithms");
    std::mt19937_64 random(7);
    std::vector<std::uint64_t> numbers(300000);
    std::generate(numbers.begin(), numbers.end(), random);
    auto sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    auto stable = numbers;
    std::stable_sort(stable.begin(), stable.end(), [](auto a, auto b) { return a % 1000 < b % 1000; });
    std::cout << sorted.front() << ' ' << sorted[150000] << ' ' << stable.front() << ' ' << stable.back() << '\n';
    std::nth_element(numbers.begin(), numbers.begin() + 777, numbers.end());
    std::cout << (numbers[777] == sorted[777]) << ' ' << std::binary_search(sorted.begin(), sorted.end(), sorted[4]) << '\n';
    std::make_heap(numbers.begin(), numbers.end());
    std::sort_heap(numbers.begin(), numbers.end(), std::less<>());
    std::cout << std::is_sorted(numbers.begin(), numbers.end()) << '\n';
    std::string letters = "aabcd";
    int count = 0;
    do count++;
    while (std::next_permutation(letters.begin(), letters.end()));
    std::cout << count << ' ' << std::accumulate(sorted.begin(), sorted.end(), std::uint64_t{0}) << '\n';
    std::vector<int> partial(20);
    std::iota(partial.begin(), partial.end(), 1);
    std::partial_sum(partial.begin(), partial.end(), partial.begin());
    std::rotate(partial.begin(), partial.begin() + 6, partial.end());
    for (int n : partial) std::cout << n << ' ';
    std::cout << '\n' << std::gcd(123456, 7890) << ' ' << std::lcm(21, 6) << '\n';
}

void streams() {
    section("streams");
    std::ostringstream out;
    out << std::setw(10) << 42 << '|' << std::left << std::setw(10) << "left" << '|' << std::setfill('*') << std::right
        << std::setw(8) << -7 << '|' << std::internal << std::setw(8) << -7 << '|' << std::showbase << std::hex << 255 << ' '
        << std::oct << 64 << ' ' << std::dec << std::showpos << 5 << std::noshowpos << ' ' << std::boolalpha << true << '\n';
    for (double d : {0.1, 1.0 / 3, 1e100, 12345678.9, -0.0, 1e-310, 2.5}) {
        out << std::setprecision(17) << d << ' ' << std::fixed << std::setprecision(3) << d << ' ' << std::scientific << d << ' '
            << std::hexfloat << d << ' ' << std::defaultfloat << d << '\n';
    }
    out << std::numeric_limits<double>::infinity() << ' ' << std::setprecision(18) << 1.0L / 3 << ' ' << 0.1f << '\n';
    std::cout << out.str();

    std::istringstream in("12 0x1f 077 3.25e2 text true 99999999999999999999 7");
    int a = 0, b = 0, c = 0, overflow = 0;
    double d = 0;
    std::string s;
    bool flag = false;
    in >> a >> std::hex >> b >> std::oct >> c >> std::dec >> d >> s >> std::boolalpha >> flag;
    std::cout << a << ' ' << b << ' ' << c << ' ' << d << ' ' << s << ' ' << flag << ' ';
    in >> overflow;
    std::cout << in.fail() << ' ' << overflow << ' ';
    in.clear();
    in >> overflow;
    std::cout << overflow << ' ' << in.eof() << '\n';

    {
        std::ofstream file("stream.txt");
        for (int i = 0; i < 5000; i++) file << i << '\t' << i * i << '\t' << std::sqrt(i) << '\n';
    }
    std::ifstream file("stream.txt");
    std::string line;
    int lines = 0;
    double total = 0;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        int n, square;
        double root;
        fields >> n >> square >> root;
        total += n + square + root;
        lines++;
    }
    std::cout << lines << ' ' << std::setprecision(15) << total << '\n';
    std::fstream binary("stream.bin", std::ios::in | std::ios::out | std::ios::binary | std::ios::trunc);
    std::string block(10000, '\0');
    for (std::size_t i = 0; i < block.size(); i++) block[i] = static_cast<char>(i * 31);
    binary.write(block.data(), static_cast<std::streamsize>(block.size()));
    binary.seekg(-17, std::ios::end);
    char tail[17];
    binary.read(tail, sizeof tail);
    std::cout << binary.gcount() << ' ' << binary.tellg() << ' ' << static_cast<int>(tail[16]) << '\n';
    binary.seekp(3);
    binary.put('!');
    std::ifstream missing("no such file");
    std::cout << missing.is_open() << ' ' << missing.fail() << '\n';
    std::string typed;
    while (std::getline(std::cin, typed)) std::cout << "read <" << typed << ">\n";
    std::cerr << "to the error stream " << 3.5 << std::endl;
}

void expressions() {
    section("regular expressions");
    std::string text = "Ada Lovelace <ada@example.org>, 1815-12-10; Alan Turing <alan@example.com>, 1912-06-23; nobody <no@no>";
    std::regex mail(R"((\w+)@(\w+)\.(org|com))");
    for (std::sregex_iterator it(text.begin(), text.end(), mail), end; it != end; ++it)
        std::cout << it->position() << ' ' << it->str() << ' ' << (*it)[1] << ' ' << (*it)[3] << '\n';
    std::cout << std::regex_replace(text, std::regex(R"((\d{4})-(\d\d)-(\d\d))"), "$3.$2.$1") << '\n';
    std::cout << std::regex_match("aXbXc", std::regex("a(x.)+c", std::regex::icase)) << std::regex_search("foobar", std::regex("o{2}(?=b)"))
              << std::regex_match("2024", std::regex("[[:digit:]]+")) << '\n';
    std::regex separators("[;,]\\s*");
    std::sregex_token_iterator token(text.begin(), text.end(), separators, -1), last;
    for (; token != last; ++token) std::cout << '[' << *token << ']';
    std::cout << '\n';
    try {
        std::regex broken("(unclosed");
    } catch (const std::regex_error &error) {
        std::cout << "regex_error " << error.code() << '\n';
    }
}

struct Noisy {
    int id;
    explicit Noisy(int number) : id(number) { std::cout << '+' << id; }
    ~Noisy() { std::cout << '-' << id; }
};
struct Custom : std::runtime_error {
    int code;
    Custom(const std::string &what, int number) : std::runtime_error(what), code(number) {}
};

int deep(int level) {
    Noisy noisy(level);
    if (level == 0) throw Custom("bottom", 17);
    return deep(level - 1) + 1;
}
void nested(int level) {
    try {
        if (level == 0) throw std::out_of_range("innermost");
        nested(level - 1);
    } catch (...) {
        std::throw_with_nested(std::runtime_error("level " + std::to_string(level)));
    }
}
void unfold(const std::exception &error) {
    std::cout << error.what() << " < ";
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception &inner) {
        unfold(inner);
        return;
    }
    std::cout << "end\n";
}
template <typename F> void catching(const char *name, F action) {
    std::cout << name << ": ";
    try {
        action();
        std::cout << "no exception\n";
    } catch (const std::exception &error) {
        std::cout << typeid(error).name() << ' ' << error.what() << '\n';
    } catch (int number) {
        std::cout << "int " << number << '\n';
    } catch (...) {
        std::cout << "something\n";
    }
}
struct ThrowingDestructorGuard {
    bool *unwinding;
    ~ThrowingDestructorGuard() { *unwinding = std::uncaught_exceptions() > 0; }
};
struct Base {
    virtual ~Base() = default;
    virtual int f() const { return 1; }
};
struct Left : virtual Base {
    int f() const override { return 2; }
};
struct Right : virtual Base {};
struct Both : Left, Right {};

void exceptions() {
    section("exceptions");
    try {
        deep(6);
    } catch (const Custom &error) {
        std::cout << '\n' << error.what() << ' ' << error.code << '\n';
    }
    try {
        nested(4);
    } catch (const std::exception &error) {
        unfold(error);
    }
    catching("at", [] { std::vector<int>(3).at(5); });
    catching("substr", [] { std::string("abc").substr(9); });
    catching("stoi", [] { std::stoi("abc"); });
    catching("stoi range", [] { std::stoi("99999999999"); });
    catching("length", [] { std::string().resize(std::string().max_size() + 1); });
    catching("bad_alloc", [] {
        char *volatile block = new char[std::size_t{1} << 62];
        delete[] block;
    });
    catching("bad_cast", [] {
        Base base;
        std::cout << dynamic_cast<Left &>(base).f();
    });
    catching("bad_function_call", [] { std::function<void()>()(); });
    catching("bad_optional", [] { std::cout << std::optional<int>().value(); });
    catching("bad_variant", [] { std::cout << std::get<int>(std::variant<int, std::string>("x")); });
    catching("bad_any", [] { std::cout << std::any_cast<int>(std::any(2.5)); });
    catching("bad_weak_ptr", [] { std::shared_ptr<int> p{std::weak_ptr<int>()}; });
    catching("system_error", [] { throw std::system_error(std::make_error_code(std::errc::no_such_file_or_directory)); });
    catching("int", [] { throw 5; });
    catching("pointer", [] { throw "text"; });
    catching("qsort", [] {
        int values[] = {3, 1, 2};
        std::qsort(values, 3, sizeof *values, [](const void *, const void *) -> int { throw std::logic_error("from a comparison"); });
    });
    bool unwinding = false;
    catching("guard", [&] {
        ThrowingDestructorGuard guard{&unwinding};
        throw std::bad_exception();
    });
    Both both;
    Right &right = both;
    std::cout << unwinding << ' ' << dynamic_cast<Left &>(right).f() << ' ' << (dynamic_cast<Both *>(&right) == &both) << '\n';
    std::exception_ptr kept;
    try {
        throw Custom("kept", 3);
    } catch (...) {
        kept = std::current_exception();
    }
    try {
        std::rethrow_exception(kept);
    } catch (const Custom &error) {
        std::cout << error.what() << error.code << '\n';
    }
    long caught = 0;
    for (int i = 0; i < 2000; i++) {
        try {
            if (i % 2) throw i;
            throw std::to_string(i);
        } catch (int number) {
            caught += number;
        } catch (const std::string &text) {
            caught += static_cast<long>(text.size());
        }
    }
    std::cout << caught << '\n';
}

void numbers() {
    section("numbers");
    std::mt19937 random(99);
    std::uniform_int_distribution<int> dice(1, 6);
    std::normal_distribution<double> normal(10, 2);
    std::array<int, 7> faces{};
    for (int i = 0; i < 6000; i++) faces[static_cast<std::size_t>(dice(random))]++;
    for (int face = 1; face <= 6; face++) std::cout << faces[static_cast<std::size_t>(face)] << ' ';
    double mean = 0;
    for (int i = 0; i < 1000; i++) mean += normal(random) / 1000;
    std::cout << std::setprecision(12) << mean << '\n';
    std::complex<double> z(3, -4);
    std::cout << z * z << ' ' << std::abs(z) << ' ' << std::conj(z) << ' ' << z / std::complex<double>(1, 1) << '\n';
    std::valarray<double> values(10);
    std::iota(std::begin(values), std::end(values), 1.0);
    std::valarray<double> odd = values[std::slice(0, 5, 2)];
    std::cout << (values * values).sum() << ' ' << odd.sum() << ' ' << values.max() << ' ' << values.cshift(3)[0] << '\n';
    std::cout << std::stod("1.7976931348623157e308") << ' ' << std::stod("2.2250738585072014e-308") << ' ' << std::stold("0.1") << ' '
              << std::stoll("-7fffffffffffffff", nullptr, 16) << ' ' << std::to_string(1.0 / 7) << '\n';
    std::cout << std::ldexp(0.75, 10) << ' ' << std::fmod(10.5, 3) << ' ' << std::hypot(3, 4) << ' ' << std::cbrt(27.0) << ' '
              << std::nearbyint(2.5) << ' ' << std::lround(-2.5) << ' ' << std::trunc(-1.7) << ' ' << std::isnan(std::nan("")) << '\n';
    auto duration = std::chrono::hours(5) + std::chrono::minutes(90);
    std::cout << std::chrono::duration_cast<std::chrono::seconds>(duration).count() << '\n';
}

void pieces() {
    section("pieces");
    auto shared = std::make_shared<Noisy>(100);
    std::weak_ptr<Noisy> weak = shared;
    auto other = shared;
    std::cout << ' ' << shared.use_count() << ' ';
    shared.reset();
    other.reset();
    std::cout << ' ' << weak.expired() << '\n';
    std::unique_ptr<int[]> array(new int[5]{1, 2, 3, 4, 5});
    std::cout << std::accumulate(array.get(), array.get() + 5, 0) << '\n';
    std::variant<int, double, std::string> variant = 2.5;
    auto show = [](auto &value) { std::cout << value << ' '; };
    std::visit(show, variant);
    variant = "a string";
    std::visit(show, variant);
    std::cout << variant.index() << '\n';
    auto tuple = std::make_tuple(1, "two", 3.0);
    std::cout << std::get<1>(tuple) << ' ' << std::tuple_size<decltype(tuple)>::value << '\n';
    std::function<int(int)> fibonacci = [&](int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); };
    std::cout << fibonacci(20) << ' ' << std::bind(std::minus<>(), std::placeholders::_2, std::placeholders::_1)(3, 10) << '\n';
    std::string_view view = "a view of text";
    std::cout << view.substr(2, 4) << ' ' << view.find("text") << ' ' << view.rfind('e') << '\n';
    std::wstring wide = L"wide text";
    std::wostringstream wideOut;
    wideOut << wide << L' ' << 42 << L' ' << 1.5;
    std::wstring written = wideOut.str();
    std::cout << std::string(written.begin(), written.end()) << ' ' << std::use_facet<std::ctype<char>>(std::locale()).toupper('q') << '\n';
    std::cout << std::put_money(123456) << ' ' << std::quoted("quo\"ted") << ' ';
    std::tm tm{};
    tm.tm_year = 124;
    tm.tm_mon = 1;
    tm.tm_mday = 29;
    tm.tm_wday = 4;
    std::cout << std::put_time(&tm, "%Y-%m-%d %A %B") << '\n';
    std::printf("printf %d %s %.3f\n", 7, "text", 2.0 / 3);
}

struct AtExit {
    ~AtExit() { std::puts("static destructor"); }
} atExit;

} // namespace

int main(int argc, char **argv) {
    std::cout << argc << ' ' << (argc > 1 ? argv[1] : "") << '\n';
    containers();
    algorithms();
    streams();
    expressions();
    exceptions();
    numbers();
    pieces();
    std::atexit([] { std::puts("at exit"); });
    return 42;
}
