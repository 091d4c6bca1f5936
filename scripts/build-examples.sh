#!/bin/sh
# Builds every Windows program of the project with Debian's mingw and clang, byte for byte the same each time:
#   examples/*.c, test/guest/*.c, *.cpp, clang/*.c and msvc/*, bench/guest/*.c, the generated fault and instruction programs.
# Usage: scripts/build-examples.sh [FOLDER]   FOLDER gets examples/ test/guest/ bench/guest/ scripts/ (default: in place)
#        scripts/build-examples.sh --check    builds elsewhere and compares with the .exe files checked in
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
CC=${CC:-x86_64-w64-mingw32-gcc}
CXX=${CXX:-x86_64-w64-mingw32-g++}
CLANG=${CLANG:-clang}
LINK=${LINK:-lld-link}
DLLTOOL=${DLLTOOL:-x86_64-w64-mingw32-dlltool}

check=
if [ "${1:-}" = --check ]; then
    check=1
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
else
    out=$(realpath -m "${1:-$root}")
fi
mkdir -p "$out/examples" "$out/test/guest" "$out/bench/guest" "$out/scripts"

# Nothing of the machine may get into the files: no time stamps, no paths, no compiler version.
cflags="-O2 -std=gnu11 -Wall -Wextra -Werror -fno-ident -ffile-prefix-map=$root=."
# Reading the TEB through gs is no null pointer.
cflags="$cflags --param=min-pagesize=0"
cxxflags="-O2 -std=gnu++17 -Wall -Wextra -Werror -fno-ident -ffile-prefix-map=$root=. -static"
ldflags="-Wl,--no-insert-timestamp"
strip="-s"
symbols="-Wl,--strip-debug"
# The examples print with the printf that mingw links in, the tests with that of msvcrt.dll.
msvcrt="-D__USE_MINGW_ANSI_STDIO=0"

# The libraries of a program for the Universal C Runtime, in gcc's order.
ucrt="-lmingw32 -lgcc -lmoldname -lmingwex -lucrt -lkernel32"
ucrt="$ucrt $ucrt"

# compile OUTPUT FLAGS SOURCE...: the source paths are relative to the root.
compile() {
    output=$1
    flags=$2
    shift 2
    # shellcheck disable=SC2086
    (cd "$root" && "$CC" $cflags $flags -o "$out/$output" "$@" $ldflags)
}

for name in hello heap alloc handler guard chkstk jit nodes views file lock; do
    case $name in
        handler) compile examples/$name.exe "$symbols" examples/$name.c ;;
        *) compile examples/$name.exe "$strip" examples/$name.c ;;
    esac
done

# The DLL is linked to the address of its user, so that it must be relocated.
work=$(mktemp -d)
compile examples/plugin.dll "$strip -shared -Wl,--image-base=0x140000000 -Wl,--out-implib=$work/libplugin.a" \
    examples/plugin.c examples/plugin.def
compile examples/plugin-host.exe "$strip" examples/plugin-host.c "$work/libplugin.a"
rm -r "$work"

compile scripts/oracle-run.exe "$strip" scripts/oracle-run.c

work=$(mktemp -d)
node "$root/scripts/fault-program.mjs" "$work/cases.S"
compile test/guest/faults.exe "$strip $msvcrt -Wl,--disable-dynamicbase" test/guest/faults/harness.c \
    test/guest/faults/switch.S "$work/cases.S"
rm -r "$work"

# Within 2 GB of the code and data at the low addresses that the instances use.
for name in integer sse x87; do
    work=$(mktemp -d)
    node "$root/scripts/instruction-program.mjs" $name "$work/tables.S"
    compile "test/guest/instructions-$name.exe" "$strip $msvcrt -Wl,--disable-dynamicbase -Wl,--image-base=0x10000000" \
        test/guest/instructions/harness.c test/guest/instructions/prepare.c test/guest/instructions/values.c \
        test/guest/instructions/switch.S "$work/tables.S"
    rm -r "$work"
done

for source in "$root"/test/guest/*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    compile "test/guest/$name.exe" "$strip $msvcrt" "test/guest/$name.c" -lntdll
    # Programs about the C runtime are built for the other one as well.
    case $name in
        crt-*) compile "test/guest/u$name.exe" "$strip $msvcrt -D_UCRT -nodefaultlibs" "test/guest/$name.c" $ucrt ;;
    esac
done
# gcc has no __try: clang compiles, the linker and the libraries are mingw's.
for source in "$root"/test/guest/clang/*.c; do
    name=$(basename "$source" .c)
    work=$(mktemp -d)
    # shellcheck disable=SC2086
    (cd "$root" && "$CLANG" --target=x86_64-w64-windows-gnu -fms-extensions -O1 -Wall -Wextra -Werror -fno-ident \
        -ffile-prefix-map=$root=. $msvcrt -c "test/guest/clang/$name.c" -o "$work/$name.o")
    # shellcheck disable=SC2086
    (cd "$work" && "$CC" $strip -o "$out/test/guest/$name.exe" "$name.o" $ldflags -lntdll)
    rm -r "$work"
done
# The code of MSVC's targets: no headers, no runtime; mingw's import libraries, and one for what it lacks. A program with a
# list of imports of its own leaves the numbers in the others' import tables as they are.
libraries=$(dirname "$(realpath "$("$CC" -print-file-name=libkernel32.a)")")
for source in "$root"/test/guest/msvc/*.c "$root"/test/guest/msvc/*.cpp; do
    file=$(basename "$source")
    name=${file%.*}
    case $file in
        *.cpp) language="-fms-extensions -fexceptions -fcxx-exceptions" runtime=libvcruntime140.a ;;
        *) language= runtime= ;;
    esac
    imports=$root/test/guest/msvc/$name.def
    [ -e "$imports" ] || imports=$root/test/guest/msvc/vcruntime140.def
    work=$(mktemp -d)
    "$DLLTOOL" -d "$imports" -l "$work/libvcruntime140.a"
    # shellcheck disable=SC2086
    (cd "$root" && "$CLANG" --target=x86_64-pc-windows-msvc -O2 -Wall -Wextra -Werror -fno-ident $language \
        -ffile-prefix-map=$root=. -c "test/guest/msvc/$file" -o "$work/$name.o")
    # shellcheck disable=SC2086
    (cd "$work" && "$LINK" /nologo /nodefaultlib /entry:start /subsystem:console /Brepro "/out:$name.exe" "$name.o" \
        $runtime "$libraries/libkernel32.a" "$libraries/libmsvcrt.a")
    mv "$work/$name.exe" "$out/test/guest/$name.exe"
    rm -r "$work"
done
# The same with the tables of __CxxFrameHandler4, which clang does not write.
# fh4 OUTPUT SOURCE [--varied]
fh4() {
    work=$(mktemp -d)
    for dll in vcruntime140 vcruntime140_1; do
        "$DLLTOOL" -d "$root/test/guest/msvc/$dll.def" -l "$work/lib$dll.a"
    done
    (cd "$root" && "$CLANG" --target=x86_64-pc-windows-msvc -O2 -Wall -Wextra -Werror -fno-ident -fms-extensions \
        -fexceptions -fcxx-exceptions "-ffile-prefix-map=$root=." -S "test/guest/msvc/$2" -o "$work/fh3.s")
    # shellcheck disable=SC2086
    node "$root/scripts/fh4-program.mjs" "$work/fh3.s" "$work/$1.s" ${3:-}
    (cd "$work" && "$CLANG" --target=x86_64-pc-windows-msvc -c "$1.s" -o "$1.o" &&
        "$LINK" /nologo /nodefaultlib /entry:start /subsystem:console /Brepro "/out:$1.exe" "$1.o" libvcruntime140.a \
            libvcruntime140_1.a "$libraries/libkernel32.a" "$libraries/libmsvcrt.a")
    mv "$work/$1.exe" "$out/test/guest/$1.exe"
    rm -r "$work"
}
fh4 cxx-fh4 cxx-msvc.cpp
fh4 cxx-fh4-shapes fh4/shapes.cpp --varied
for source in "$root"/test/guest/*.cpp; do
    name=$(basename "$source" .cpp)
    case $name in
        depth) stack=-Wl,--stack,0x4000000 ;;
        *) stack= ;;
    esac
    # shellcheck disable=SC2086
    (cd "$root" && "$CXX" $cxxflags $strip $msvcrt $stack -o "$out/test/guest/$name.exe" "test/guest/$name.cpp" $ldflags)
done
# bench/runners.mjs builds the same sources for Linux with the same flags.
kernels="-fno-tree-vectorize -fno-jump-tables"
for source in "$root"/bench/guest/*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    compile "bench/guest/$name.exe" "$strip $kernels" "bench/guest/$name.c"
done
for source in "$root"/bench/guest/*.cpp; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .cpp)
    # shellcheck disable=SC2086
    (cd "$root" && "$CXX" $cxxflags $strip $kernels -o "$out/bench/guest/$name.exe" "bench/guest/$name.cpp" $ldflags)
done

if [ -n "$check" ]; then
    status=0
    for file in "$out"/examples/* "$out"/test/guest/* "$out"/bench/guest/* "$out"/scripts/*; do
        [ -e "$file" ] || continue
        relative=${file#"$out"/}
        if ! cmp -s "$file" "$root/$relative"; then
            echo "build-examples: $relative is not what its source builds to" >&2
            status=1
        fi
    done
    exit $status
fi
