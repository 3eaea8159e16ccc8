#!/bin/sh
# Holds the source tree to its layers. A file's layer is its first folder under src/ or include/; it may include its own folder and lower
# layers. Fails on an unknown folder, an include of another folder in the same or a higher layer by whatever path it is written, a private
# header (one beside a .c) of another folder, a header that is not there, a library outside its place, and C++ outside libcamera's shim.
# usage: tests/layers.sh [the tree's root]
set -eu
cd "${1:-$(dirname "$0")/..}"

find src include -type f \( -name '*.c' -o -name '*.h' -o -name '*.cpp' -o -name '*.hpp' \) | LC_ALL=C sort | awk '
function complain(file, text) { print file ": " text; bad = 1 }

# Folder name after src/ or include/; "" for a file directly in one of them.
function folder_of(path, parts, n) { n = split(path, parts, "/"); return n > 2 ? parts[2] : "" }

# a/b/../c -> a/c
function normalise(path, parts, n, i, kept, out) {
    n = split(path, parts, "/"); kept = 0
    for (i = 1; i <= n; i++) {
        if (parts[i] == "" || parts[i] == ".") continue
        if (parts[i] == ".." && kept > 0) { kept--; continue }
        out[++kept] = parts[i]
    }
    path = ""
    for (i = 1; i <= kept; i++) path = path (i > 1 ? "/" : "") out[i]
    return path
}

# The file that an include names: beside the includer, under include/ or src/, else any of that name.
function resolve(from, name, folder, path) {
    folder = from; sub("/[^/]*$", "", folder)
    if ((path = normalise(folder "/" name)) in is_file) return path
    if ((path = normalise("include/" name)) in is_file) return path
    if ((path = normalise("src/" name)) in is_file) return path
    sub(".*/", "", name)
    return (name in by_name) ? by_name[name] : ""
}

function check_library(file, name, rule, parts) {
    for (rule in library_place) {
        if (index(name, rule) != 1) continue
        if (file !~ library_place[rule]) complain(file, "includes " name ", which belongs to " library_place[rule])
    }
}

function check_include(file, name, quoted, target, from, to) {
    check_library(file, name)
    target = resolve(file, name)
    if (target == "") {
        if (quoted) complain(file, "includes " name ", which is not in the tree")
        return
    }
    if (!quoted && index(target, name) == 0) return # a system header of the same name
    if (!quoted && name !~ "/") return
    from = folder_of(file); to = folder_of(target)
    if (from == to) return
    if (target ~ /^src\//) { complain(file, "includes " name ", a private header of " to); return }
    if (layer[to] >= layer[from]) complain(file, "includes " name " of " to ", which is not below " from)
}

BEGIN {
    n = split("base 0 media 1 config 1 client 1 store 2 detect 2 encode 2 camera 2 export 3 capture 4 service 5 net 6 pastcam 7 web 7 hub 7", words, " ")
    for (i = 1; i < n; i += 2) layer[words[i]] = words[i + 1]
    library_place["cjson/"] = "^src/(config|client|service/status|web|hub|detect/zones|pastcam)"
    library_place["jpeglib.h"] = "^src/(media|export|encode)/"
    library_place["turbojpeg.h"] = "^src/(media|export|encode)/"
    library_place["png.h"] = "^src/(media|export)/"
    library_place["libexif/"] = "^src/export/"
    library_place["zlib.h"] = "^src/(media|export|web)/"
    library_place["libdeflate.h"] = "^src/(media|export)/"
    library_place["libcamera/"] = "^src/camera/libcamera/"
    library_place["microhttpd.h"] = "^src/web/"
    library_place["sqlite3.h"] = "^src/(hub|web)/"
    library_place["mosquitto.h"] = "^src/hub/"
    library_place["curl/"] = "^src/hub/"
    library_place["openssl/"] = "^src/hub/"
    library_place["wels/"] = "^src/encode/"
    library_place["linux/videodev2.h"] = "^src/encode/"
    library_place["libyuv.h"] = "^src/encode/"
    library_place["sodium.h"] = "^src/export/seal"
}
{
    files[++count] = $0; is_file[$0] = 1
    name = $0; sub(".*/", "", name); by_name[name] = $0
}
END {
    for (i = 1; i <= count; i++) {
        file = files[i]
        folder = folder_of(file)
        if (!(folder in layer)) { complain(file, "is in no folder that has a layer"); continue }
        if (file ~ /pp$/ && file !~ /^src\/camera\/libcamera\//) complain(file, "is C++ outside the libcamera shim")
        while ((getline line < file) > 0) {
            if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) continue
            quoted = line ~ /include[ \t]*"/
            sub(/^[^<"]*[<"]/, "", line); sub(/[>"].*$/, "", line)
            check_include(file, line, quoted)
        }
        close(file)
    }
    exit bad
}'
