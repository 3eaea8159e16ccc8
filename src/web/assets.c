#include "assets.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "response.h"

/* The assembler puts a file's bytes in as they are; the Makefile makes them. */
#define EMBED(name, file)                                                                                              \
	__asm__(".section .rodata\n"                                                                                       \
	        ".global asset_" #name "\n"                                                                                \
	        ".global asset_" #name "_end\n"                                                                            \
	        "asset_" #name ":\n"                                                                                       \
	        ".incbin \"" PASTCAM_WEB_FILES "/" file ".gz\"\n"                                                          \
	        "asset_" #name "_end:\n"                                                                                   \
	        ".byte 0\n"                                                                                                \
	        ".previous\n");                                                                                            \
	extern const unsigned char asset_##name[], asset_##name##_end[]

EMBED(index_html, "index.html");
EMBED(style_css, "style.css");
EMBED(app_js, "app.js");
EMBED(age_js, "age.js");
EMBED(api_js, "api.js");
EMBED(cameras_js, "cameras.js");
EMBED(captures_js, "captures.js");
EMBED(chacha_js, "chacha.js");
EMBED(dom_js, "dom.js");
EMBED(events_js, "events.js");
EMBED(keeping_js, "keeping.js");
EMBED(live_js, "live.js");
EMBED(login_js, "login.js");
EMBED(player_js, "player.js");
EMBED(sealed_js, "sealed.js");
EMBED(settings_js, "settings.js");
EMBED(sha256_js, "sha256.js");
EMBED(shown_js, "shown.js");
EMBED(stage_js, "stage.js");
EMBED(state_js, "state.js");
EMBED(timeline_js, "timeline.js");
EMBED(zones_js, "zones.js");
EMBED(icon_svg, "icon.svg");
EMBED(manifest, "manifest.webmanifest");
EMBED(openapi, "openapi.json");

static const char javascript[] = "text/javascript; charset=utf-8";

static const struct asset {
	const char *path, *type;
	const unsigned char *bytes, *end;
} assets[] = {
	{ "/", "text/html; charset=utf-8", asset_index_html, asset_index_html_end },
	{ "/style.css", "text/css; charset=utf-8", asset_style_css, asset_style_css_end },
	{ "/app.js", javascript, asset_app_js, asset_app_js_end },
	{ "/age.js", javascript, asset_age_js, asset_age_js_end },
	{ "/api.js", javascript, asset_api_js, asset_api_js_end },
	{ "/cameras.js", javascript, asset_cameras_js, asset_cameras_js_end },
	{ "/captures.js", javascript, asset_captures_js, asset_captures_js_end },
	{ "/chacha.js", javascript, asset_chacha_js, asset_chacha_js_end },
	{ "/dom.js", javascript, asset_dom_js, asset_dom_js_end },
	{ "/events.js", javascript, asset_events_js, asset_events_js_end },
	{ "/keeping.js", javascript, asset_keeping_js, asset_keeping_js_end },
	{ "/live.js", javascript, asset_live_js, asset_live_js_end },
	{ "/login.js", javascript, asset_login_js, asset_login_js_end },
	{ "/player.js", javascript, asset_player_js, asset_player_js_end },
	{ "/sealed.js", javascript, asset_sealed_js, asset_sealed_js_end },
	{ "/settings.js", javascript, asset_settings_js, asset_settings_js_end },
	{ "/sha256.js", javascript, asset_sha256_js, asset_sha256_js_end },
	{ "/shown.js", javascript, asset_shown_js, asset_shown_js_end },
	{ "/stage.js", javascript, asset_stage_js, asset_stage_js_end },
	{ "/state.js", javascript, asset_state_js, asset_state_js_end },
	{ "/timeline.js", javascript, asset_timeline_js, asset_timeline_js_end },
	{ "/zones.js", javascript, asset_zones_js, asset_zones_js_end },
	{ "/icon.svg", "image/svg+xml", asset_icon_svg, asset_icon_svg_end },
	{ "/manifest.webmanifest", "application/manifest+json", asset_manifest, asset_manifest_end },
	{ "/api/openapi.json", "application/json", asset_openapi, asset_openapi_end },
};

static size_t size_of(const struct asset *asset)
{
	return (size_t)(asset->end - asset->bytes);
}

size_t assets_total_bytes(void)
{
	size_t bytes = 0;
	for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++)
		bytes += size_of(&assets[i]);
	return bytes;
}

/* For a client that does not take gzip. gzip's last four bytes are the size. */
static unsigned char *decompress(const struct asset *asset, size_t *bytes)
{
	const unsigned char *tail = asset->end - 4;
	uLong size = (uLong)tail[0] | (uLong)tail[1] << 8 | (uLong)tail[2] << 16 | (uLong)tail[3] << 24;
	unsigned char *out = malloc(size + 1);
	z_stream stream = {
		.next_in = (Bytef *)asset->bytes, .avail_in = (uInt)size_of(asset), .next_out = out, .avail_out = (uInt)size
	};
	if (!out || inflateInit2(&stream, 15 + 16) != Z_OK) {
		free(out);
		return NULL;
	}
	int result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	*bytes = size;
	if (result == Z_STREAM_END)
		return out;
	free(out);
	return NULL;
}

static struct MHD_Response *whole(struct request *request, const struct asset *asset)
{
	const char *encodings = request_header(request, "Accept-Encoding");
	struct MHD_Response *response;
	if (encodings && strstr(encodings, "gzip")) {
		response = MHD_create_response_from_buffer(size_of(asset), (void *)asset->bytes, MHD_RESPMEM_PERSISTENT);
		if (response)
			response_header(response, "Content-Encoding", "gzip");
		return response;
	}
	size_t bytes = 0;
	unsigned char *plain = decompress(asset, &bytes);
	response = plain ? MHD_create_response_from_buffer(bytes, plain, MHD_RESPMEM_MUST_FREE) : NULL;
	if (!response)
		free(plain);
	return response;
}

static void answer(struct request *request, const struct asset *asset)
{
	char tag[24];
	const char *known = request_header(request, "If-None-Match");
	snprintf(tag, sizeof tag, "\"%08lx\"", crc32(0, asset->bytes, (uInt)size_of(asset)));
	bool is_known = known && strstr(known, tag);
	struct MHD_Response *response =
	    is_known ? MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT) : whole(request, asset);
	if (response) {
		response_header(response, "ETag", tag);
		response_header(response, "Cache-Control", "no-cache");
		response_header(response, "Vary", "Accept-Encoding");
		if (!is_known)
			response_header(response, "Content-Type", asset->type);
	}
	request_respond(request, is_known ? 304 : 200, response);
}

static const struct asset *find(const char *path)
{
	for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}

bool assets_has(const char *path)
{
	return find(path);
}

void assets_get(struct request *request)
{
	answer(request, find(request->target.path));
}
