#!/bin/sh
# Builds programs that nobody here wrote, for scripts/programs.mjs and the fuzzer, in .cache/programs/:
#   bin/      lua.exe, bzip2.exe, minigzip.exe, speedtest1.exe from Debian's source packages, jpegtran.exe with its
#             DLL from npm, and standard-library.exe, a C++ program of ours, with Debian's DLLs of g++
#   inputs/   what they are given to read
# Does nothing when they are there already and were built by the same script. Needs apt-get with Debian 12, npm, gcc,
# make, tclsh, cjpeg and mingw-w64 with g++ in its posix flavour.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/.cache/programs
CC=x86_64-w64-mingw32-gcc-posix
CXX=x86_64-w64-mingw32-g++-posix

stamp=$(cat "$0" "$root/scripts/programs-inputs.mjs" "$root/test/programs/standard-library.cpp" | sha256sum)
if [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
rm -rf "$out"
mkdir -p "$out/bin" "$out/inputs"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A list of sources of our own, so that the machine's stays as it is.
mkdir -p lists/partial cache/archives/partial include
echo 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main' >sources.list
fetch() {
    apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root "$@"
}
fetch update
fetch source --download-only lua5.4 bzip2 zlib sqlite3
for archive in *.orig.tar.*; do tar xf "$archive"; done

compile() {
    exe=$1
    shift
    "$CC" -O2 -fno-ident -w -s -o "$out/bin/$exe" "$@" -Wl,--no-insert-timestamp
}
build_sqlite() (
    mkdir sqlite
    cd sqlite
    ../sqlite3-3.*/configure -q --disable-tcl --disable-readline >/dev/null
    make -s sqlite3.c >/dev/null
    compile speedtest1.exe -DSQLITE_THREADSAFE=0 -I. ../sqlite3-3.*/test/speedtest1.c sqlite3.c
)
build_lua() (
    cd lua-5.4.*/src
    rm luac.c
    compile lua.exe -std=gnu99 -DLUA_COMPAT_5_3 ./*.c
)
build_bzip2() (
    # On Windows bzip2.c includes <sys\stat.h>.
    echo '#include <sys/stat.h>' >'include/sys\stat.h'
    cd bzip2-*/
    compile bzip2.exe -D_FILE_OFFSET_BITS=64 -I../include bzip2.c blocksort.c huffman.c crctable.c randtable.c \
        compress.c decompress.c bzlib.c
)
build_minigzip() (
    cd zlib-*/
    compile minigzip.exe -I. test/minigzip.c ./*.c
)
build_cpp() {
    "$CXX" -O2 -std=c++17 -Wall -Wextra -s -o "$out/bin/standard-library.exe" \
        "$root/test/programs/standard-library.cpp" -Wl,--no-insert-timestamp
}
build_sqlite &
sqlite=$!
build_lua
build_bzip2
build_minigzip
build_cpp
node "$root/scripts/corpus.mjs" --fetch |
    grep -E '/(win64/jpegtran\.exe|win64/libjpeg-62\.dll|12-posix/.*\.dll|libwinpthread-1\.dll)$' |
    while read -r file; do cp "$file" "$out/bin/"; done

node "$root/scripts/programs-inputs.mjs" "$out/inputs"
cd "$out/inputs"
cjpeg -quality 85 -outfile photo.jpg photo.ppm
cjpeg -quality 40 -sample 1x1 -restart 4 -outfile small.jpg small.ppm
cjpeg -quality 95 -grayscale -progressive -outfile grey.jpg photo.ppm
rm photo.ppm small.ppm

wait "$sqlite"
echo "$stamp" >"$out/stamp"
