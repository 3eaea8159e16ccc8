#include "config_options.h"

#include <string.h>

#define AT(member) offsetof(struct config, member)
#define ROOM(member) sizeof(((struct config *)0)->member)

#define BOOL(path, member, default_text, help)                                                                         \
	{                                                                                                                  \
		path, OPTION_BOOL, AT(member), 0, 0, 1, NULL, default_text, "", help                                           \
	}
#define INTEGER(path, member, min, max, default_text, unit, help)                                                      \
	{                                                                                                                  \
		path, OPTION_INTEGER, AT(member), 0, min, max, NULL, default_text, unit, help                                  \
	}
#define NUMBER(path, member, min, max, default_text, unit, help)                                                       \
	{                                                                                                                  \
		path, OPTION_NUMBER, AT(member), 0, min, max, NULL, default_text, unit, help                                   \
	}
#define TEXT(path, member, default_text, help)                                                                         \
	{                                                                                                                  \
		path, OPTION_TEXT, AT(member), ROOM(member), 0, 0, NULL, default_text, "", help                                \
	}
#define LIST(path, member, help)                                                                                       \
	{                                                                                                                  \
		path, OPTION_LIST, AT(member), ROOM(member), 0, 0, NULL, "[]", "", help                                        \
	}
#define CHOICE(path, member, choices, default_text, help)                                                              \
	{                                                                                                                  \
		path, OPTION_CHOICE, AT(member), 0, 0, 0, choices, default_text, "", help                                      \
	}
#define SET(path, member, choices, default_text, help)                                                                 \
	{                                                                                                                  \
		path, OPTION_SET, AT(member), 0, 0, 0, choices, default_text, "", help                                         \
	}

/* The order of the words in choices is the order of the enums they set; tests/unit/test_config.c holds them together.
 */
const struct option config_options[] = {
	INTEGER("camera.width", camera.width, 16, 8192, "1024", "pixels", "Width of the pictures."),
	INTEGER("camera.height", camera.height, 16, 8192, "768", "pixels", "Height of the pictures."),
	NUMBER("camera.framerate", camera.framerate, 0.1, 240, "10", "frames/s", "Frames per second by day."),
	NUMBER("camera.idle_framerate", camera.idle_framerate, 0, 240, "0", "frames/s",
	       "Frames per second while nothing stirs, to save power and to keep a longer past in the ring; 0: "
	       "camera.framerate always. The full rate is back within two frames of something that moves, a trigger or a "
	       "clip; what was before it is in the past at this rate. Needs motion.enable."),
	NUMBER("camera.idle_after_s", camera.idle_after_s, 0.5, 86400, "10", "s",
	       "How long nothing must have stirred for that."),
	BOOL("camera.second.enable", camera.second, "false",
	     "Have the camera make a smaller picture (YUV420) of each frame too, where it can, for motion detection to "
	     "look at: "
	     "on a thread of its own, without work for the processor. It takes two more of the camera's buffers; `status` "
	     "tells "
	     "what came of it (camera.second, camera.second_refused, motion.source)."),
	INTEGER(
	    "camera.second.width", camera.second_width, 0, 8192, "0", "pixels",
	    "Its width; 0: what motion needs (camera.width / motion.scale), which no other size serves but twice and four "
	    "times as much."),
	INTEGER("camera.second.height", camera.second_height, 0, 8192, "0", "pixels", "Its height, likewise."),
	TEXT("camera.codec", camera.codec, "rgb", "Accepted for old configurations; frames are always kept as RGB."),
	TEXT("camera.video_mode", camera.video_mode, "stream", "Accepted for old configurations; has no effect."),
	CHOICE("camera.backend", camera.backend, "libcamera|replay|synthetic", "libcamera",
	       "Where frames come from: a real camera, a folder of pictures, or a drawn scene."),
	TEXT("camera.id", camera.id, "", "The libcamera camera to use, by its id or a part of it; empty: the first one."),
	CHOICE("camera.rotation", camera.rotation, "0|90|180|270", "0",
	       "Degrees by which pictures are turned clockwise. 90 and 270 swap the width and height of what is kept, with "
	       "ring.downscale too."),
	BOOL("camera.hflip", camera.hflip, "false", "Mirror left to right, after camera.rotation."),
	BOOL("camera.vflip", camera.vflip, "false", "Mirror upside down, after camera.rotation."),
	CHOICE("camera.fit", camera.fit, "crop|pad|stretch", "crop",
	       "What becomes of pictures whose proportions are not those of the frames kept: their middle, all of them "
	       "between black bars, or all of them distorted."),
	TEXT("camera.roi", camera.roi, "",
	     "Zoom: the part of the picture to take, left,top,width,height as shares of it before it is turned, as in "
	     "0.25,0.25,0.5,0.5; empty: all of it."),
	CHOICE("camera.awb", camera.awb, "auto|incandescent|tungsten|fluorescent|indoor|daylight|cloudy", "auto",
	       "White balance. This and the settings down to camera.tuning_file are for libcamera cameras; `status` tells "
	       "which were taken (settings) and which the camera cannot do (settings_refused)."),
	NUMBER("camera.ev", camera.ev, -8, 8, "0", "stops", "Brighter or darker than automatic exposure measures."),
	NUMBER("camera.sharpness", camera.sharpness, 0, 16, "1", "", "Sharpening; 1 is the camera's usual."),
	NUMBER("camera.contrast", camera.contrast, 0, 32, "1", "", "Contrast; 1 is the camera's usual."),
	NUMBER("camera.saturation", camera.saturation, 0, 32, "1", "", "Colour; 0 is grey, 1 is the camera's usual."),
	NUMBER("camera.brightness", camera.brightness, -1, 1, "0", "", "Added to all levels; 0 is the camera's usual."),
	CHOICE("camera.denoise", camera.denoise, "auto|off|fast|high", "auto",
	       "Noise reduction; auto: as the camera does."),
	CHOICE("camera.autofocus.mode", camera.focus, "continuous|auto|manual", "continuous",
	       "For lenses that move: all the time, once at the start, or at camera.autofocus.position."),
	NUMBER("camera.autofocus.position", camera.focus_position, 0, 32, "0", "1/m",
	       "With mode manual: 1 / distance in metres; 0 is infinity."),
	CHOICE("camera.hdr", camera.hdr, "off|single|multi|night", "off",
	       "High dynamic range: from one exposure, from several, or several for the night."),
	TEXT("camera.tuning_file", camera.tuning_file, "",
	     "Tuning file of the sensor for the Raspberry Pi's pipelines; empty: the one that libcamera chooses."),
	NUMBER("camera.capture_timeout_s", camera.capture_timeout_s, 0.2, 600, "4", "s",
	       "Silence of the camera, beyond the time that a frame takes, after which its stream is restarted."),
	NUMBER("camera.lost_after_s", camera.lost_after_s, 5, 86400, "600", "s",
	       "A camera that worked and stays away for so long ends the process with exit code 43, so that a fresh one "
	       "can try."),
	TEXT("camera.replay.path", camera.replay_path, "",
	     "Folder of JPEG or PNG pictures that the replay camera shows in a loop, at camera.framerate."),
	NUMBER("camera.synthetic.lux", camera.lux, 0, 200000, "400", "lux", "Light of the synthetic scene."),
	TEXT("camera.synthetic.trace", camera.lux_trace, "",
	     "CSV file of t_s,lux lines, from which the synthetic scene takes its light instead."),
	TEXT("camera.synthetic.faults", camera.faults, "",
	     "Faults that the synthetic camera plays, for tests: kind@start[+length][/period], seconds from its first "
	     "picture on, with commas between; kinds are stall, error, vanish, slow, garbage, black, white."),
	TEXT("camera.synthetic.effects", camera.effects, "",
	     "What the synthetic scene shows, for tests: kind[=value][@start[+length][/period]], seconds from the first "
	     "picture on, with commas between; kinds are still, noise, blur, cloud, dim, lamp, headlights, rain, sway, "
	     "walker."),
	TEXT("camera.synthetic.truth", camera.truth, "",
	     "File that gets a line of CSV for each frame with a walker in it: where it is."),
	CHOICE("camera.synthetic.format", camera.synthetic_format, "rgb|bgr|rgbx|bgrx|nv12|yuv420|yuyv", "rgb",
	       "Pixel layout in which the synthetic camera delivers."),

	INTEGER("ring.size", ring.size, 4, 100000, "300", "frames",
	        "Frames to keep, if memory allows; the log and `status` tell how many it became."),
	BOOL("ring.downscale.enable", ring.downscale, "false",
	     "Keep smaller frames, so that the past reaches further back; `save` stays full-size."),
	INTEGER("ring.downscale.width", ring.downscale_width, 16, 8192, "256", "pixels", "Width of the frames kept."),
	INTEGER("ring.downscale.height", ring.downscale_height, 16, 8192, "192", "pixels", "Height of the frames kept."),

	BOOL("night.enable", night.enable, "true", "Switch to long exposures in the dark; false stays in video for good."),
	CHOICE("night.mode", night.mode, "still", "still", "How night pictures are taken: with a fixed exposure."),
	CHOICE("night.metric", night.metric, "scene|mean", "scene",
	       "What is compared with the thresholds: the light of the scene (the frame's mean set against its exposure), "
	       "or the "
	       "frame's plain mean."),
	NUMBER("night.dark_threshold", night.dark_threshold, 0, 255, "35", "",
	       "Below it is dark: the mean of a day frame at its longest automatic exposure."),
	NUMBER("night.bright_threshold", night.bright_threshold, 0, 1e6, "55", "", "Above it is bright; same measure."),
	INTEGER("night.min_dark_frames", night.min_dark_frames, 1, 100000, "20", "frames",
	        "Dark frames in a row that make it night."),
	INTEGER("night.min_bright_frames", night.min_bright_frames, 1, 100000, "5", "frames",
	        "Bright frames in a row that make it day."),
	NUMBER("night.min_dwell_s", night.min_dwell_s, 0, 86400, "120", "s",
	       "How long it must be dark (bright) on balance, and the shortest time between two switches."),
	INTEGER("night.exposure_us", night.exposure_us, 100, 200000000, "2000000", "us", "Longest exposure at night."),
	NUMBER("night.gain", night.gain, 1, 64, "6", "", "Analogue gain at night."),
	NUMBER("night.day_gain", night.day_gain, 1, 64, "8", "",
	       "Highest gain of the camera's automatic exposure by day; with 1/framerate it is the measure of night.metric "
	       "scene."),

	BOOL("motion.enable", motion.enable, "true", "Look for motion in every frame."),
	INTEGER("motion.scale", motion.scale, 1, 8, "4", "",
	        "Motion is looked for in pictures so many times smaller than the camera's: 1, 2, 4 or 8."),
	NUMBER("motion.sensitivity", motion.sensitivity, 0, 100, "50", "",
	       "How little contrast is noticed, in zones that say nothing of it: 0 nothing, 100 half of what 50 needs."),
	NUMBER("motion.min_area", motion.min_area, 0.001, 100, "0.1", "%",
	       "Size of the smallest thing that counts, in percent of its zone, in zones that say nothing of it."),
	INTEGER("motion.min_frames", motion.min_frames, 1, 100, "3", "frames",
	        "Frames that a thing must be followed through before motion starts."),
	NUMBER("motion.hold_s", motion.hold_s, 0, 3600, "3", "s", "Motion ends after so long without."),
	NUMBER("motion.cooldown_s", motion.cooldown_s, 0, 86400, "0", "s",
	       "How long after its end no motion of the same zone starts."),
	NUMBER(
	    "motion.idle_framerate", motion.idle_framerate, 0, 120, "0", "frames/s",
	    "With encoder.when always: so many frames a second become video while nothing moves and nobody asks; what the "
	    "frame ring holds goes in at full rate when that ends. 0: all frames. docs/motion.md."),
	LIST("motion.zones", motion.zones,
	     "Where motion counts: `{\"name\": …, \"polygon\": [[x, y], …], \"sensitivity\": …, \"min_area\": …}` each, x "
	     "and "
	     "y from 0 to 1 from the top left; none: the whole picture, as `all`. docs/motion.md."),
	LIST("motion.ignore", motion.ignore, "Polygons in which nothing counts: `[[x, y], …]` each."),

	BOOL("export.auto_save_use_ring", export.auto_save_use_ring, "false",
	     "Automatic pictures: the newest frame of the ring (true) or the next full-resolution frame (false)."),
	NUMBER("export.auto_save_interval_s", export.auto_save_interval_s, 0, 31536000, "0", "s",
	       "Seconds between automatic pictures (JPG), at least 0.1; 0: none."),
	TEXT("export.base_dir", export.base_dir, "./captures",
	     "Folder of the pictures; it is created. In any path `~/` is the home of pastcam's user."),
	SET("export.formats", export.formats, "jpg|png|npy", "jpg",
	    "Formats when a command names none: a list of jpg, png, npy."),
	NUMBER("export.save_before_s", export.save_before_s, 0, 86400, "5", "s",
	       "How far back `pastStack` and `past` look without at=."),
	BOOL("export.stack_dark_frames", export.stack_dark_frames, "true",
	     "`pastStack` makes one picture of the frames (true) or saves each frame since save_before_s (false)."),
	INTEGER("export.stack_count", export.stack_count, 1, 4096, "4", "frames", "Frames in a stack without count=."),
	CHOICE("export.stack_mode", export.stack_mode, "mean|median|max", "mean", "How frames are stacked without mode=."),
	CHOICE("export.on_motion", export.on_motion, "none|stack|stills", "none",
	       "Pictures when motion starts: none, a stack of stack_count frames around its start, or each frame since "
	       "save_before_s before it."),
	INTEGER("export.jpg_quality", export.jpg_quality, 1, 100, "95", "", "JPEG quality."),

	LIST("seal.recipients", seal.recipients,
	     "Whom pictures, clips and stored events are encrypted for, as they are written: public keys of age (age1…, "
	     "`pastcam seal-key` makes a pair), or paths of files with one a line. `age -d` opens them, the camera cannot. "
	     "None: they are not encrypted. docs/sealing.md."),

	TEXT("seal.sign_key_file", seal.sign_key_file, "",
	     "File with the key that signs what is saved, in manifest.jsonl beside it (`pastcam sign-key` makes one, "
	     "`pastcam "
	     "verify` checks); for its owner alone. Empty: nothing is signed. docs/sealing.md."),

	CHOICE("encoder.kind", encoder.kind, "auto|v4l2|openh264|mjpeg|none", "auto",
	       "What makes video of the frames: the hardware (V4L2), OpenH264 or MJPEG; auto takes the first of them that "
	       "keeps up here, none makes no clips."),
	CHOICE("encoder.when", encoder.when, "always|trigger", "trigger",
	       "Encode all the time, for a past of minutes; or only while a clip or a stream is wanted, beginning with the "
	       "frames in the ring."),
	NUMBER("encoder.cpu_share", encoder.cpu_share, 0.01, 64, "0.5", "cores",
	       "What OpenH264 may take of a core, by a measurement when the first frame is there, for auto to choose it."),
	INTEGER(
	    "encoder.bitrate_kbit", encoder.bitrate_kbit, 0, 100000, "0", "kbit/s",
	    "Bit rate of H.264; 0: by size and frame rate (1 Mbit/s at 1024x768 and 10 frames/s, at least 200 kbit/s)."),
	INTEGER("encoder.jpeg_quality", encoder.jpeg_quality, 1, 100, "85", "", "Quality of MJPEG."),
	TEXT("encoder.device", encoder.device, "", "V4L2: the encoder's /dev/videoN; empty: the first one that is one."),

	BOOL("clip.on_trigger", clip.on_trigger, "false", "A `trigger` starts a clip, or makes the one under way longer."),
	BOOL("clip.on_motion", clip.on_motion, "false",
	     "The same while something moves: after_s begins when nothing moves any more."),
	NUMBER("clip.before_s", clip.before_s, 0, 3600, "5", "s", "How far before its trigger a clip begins."),
	NUMBER("clip.after_s", clip.after_s, 0, 3600, "5", "s", "How long after its trigger it ends."),
	NUMBER("clip.max_s", clip.max_s, 5, 3600, "300", "s", "A longer clip goes on in another file."),
	NUMBER("clip.past_s", clip.past_s, 1, 86400, "60", "s",
	       "How much video is kept in memory, at the bit rate that is expected."),
	INTEGER("clip.past_mb", clip.past_mb, 0, 65536, "0", "MiB", "The same as memory; 0: what clip.past_s takes."),
	BOOL("clip.poster", clip.poster, "true", "A JPG of the frame at the trigger beside each clip."),

	INTEGER("network.trigger_port", network.trigger_port, 0, 65535, "9999", "",
	        "TCP port; 0 takes any free one and logs it."),
	TEXT("network.bind", network.bind, "127.0.0.1",
	     "Address to listen on: 127.0.0.1 or ::1 for this machine alone, 0.0.0.0 or :: for the network (then a token "
	     "file is needed)."),
	TEXT("network.token_file", network.token_file, "",
	     "File with the token that clients must send; `pastcam token FILE` makes one. Readable by its owner only."),
	BOOL("network.allow_unauthenticated", network.allow_unauthenticated, "false",
	     "Answer the network without a token. Anyone who reaches the port can take pictures."),
	TEXT("network.socket_dir", network.socket_dir, "/run/pastcam",
	     "Folder of the UNIX socket, which needs no token: NAME.sock of a camera with a name, else camera.sock. The "
	     "default is used where that folder is there; empty: none."),
	INTEGER("network.max_clients", network.max_clients, 1, 256, "16", "", "Clients served at once."),

	INTEGER("web.port", web.port, 0, 65535, "8080", "",
	        "TCP port of the page and its addresses, served by pastcam-web; 0 takes any free one and logs it."),
	TEXT("web.bind", web.bind, "", "Address that the page listens on; empty: that of network.bind."),
	TEXT("web.token_file", web.token_file, "",
	     "File with the token that opens the page; empty: that of network.token_file. With neither, this machine alone "
	     "is served, unless network.allow_unauthenticated."),
	TEXT("web.view_token_file", web.view_token_file, "",
	     "File with a second token, for those who may look but change nothing; empty: none."),
	TEXT("web.tls_cert", web.tls_cert, "", "Certificate chain in PEM, for https; empty: plain http."),
	TEXT("web.tls_key", web.tls_key, "", "Private key in PEM that goes with web.tls_cert."),
	TEXT("web.hosts", web.hosts, "",
	     "Names by which the page is asked for, beyond addresses, names without dots, .local and the like, with commas "
	     "between. Others are refused, since a stranger's name may point here."),
	TEXT("web.cors_origins", web.cors_origins, "",
	     "Pages of other sites that may use the addresses, such as http://homeassistant.local:8123, with commas "
	     "between; empty: none."),
	NUMBER("web.session_hours", web.session_hours, 0.01, 8760, "720", "hours",
	       "How long a browser that gave the token stays let in."),
	INTEGER("web.max_clients", web.max_clients, 4, 4096, "128", "",
	        "Connections to the page at once; beyond it the one that has asked nothing for longest makes way."),

	TEXT("hub.data_dir", hub.data_dir, "/var/lib/pastcam-hub",
	     "Folder in which pastcam-hub keeps its events (hub.db); it is created."),
	INTEGER("hub.keep_events", hub.keep_events, 1000, 100000000, "1000000", "events",
	        "Most events that are remembered; the oldest go first."),
	NUMBER("hub.keep_days", hub.keep_days, 0, 36500, "0", "days", "Older events are forgotten; 0: never."),
	NUMBER("hub.latitude", hub.latitude, -90, 90, "0", "degrees",
	       "Where the cameras are, north positive, for sunset and sunrise in rules."),
	NUMBER("hub.longitude", hub.longitude, -180, 180, "0", "degrees", "The same, east positive."),
	TEXT("hub.page_url", hub.page_url, "",
	     "Where others reach pastcam-web, such as http://porch.local:8080, for addresses of pictures in messages; "
	     "empty: none are given."),
	TEXT("hub.mqtt.host", hub.mqtt.host, "",
	     "MQTT broker to tell events to, and to take commands from (docs/mqtt.md); "
	     "empty: none."),
	INTEGER("hub.mqtt.port", hub.mqtt.port, 0, 65535, "0", "", "Its port; 0: 1883, with TLS 8883."),
	CHOICE("hub.mqtt.version", hub.mqtt.version, "3.1.1|5", "3.1.1", "Version of MQTT."),
	TEXT("hub.mqtt.user", hub.mqtt.user, "", "Name to log in with; empty: none."),
	TEXT("hub.mqtt.password_file", hub.mqtt.password_file, "",
	     "File whose first line is the password. Not readable by everybody."),
	BOOL("hub.mqtt.tls", hub.mqtt.tls, "false", "Speak TLS; hub.mqtt.ca_file does so too."),
	TEXT("hub.mqtt.ca_file", hub.mqtt.ca_file, "",
	     "Certificates in PEM that the broker's must go back to; empty: those of the system."),
	TEXT("hub.mqtt.cert_file", hub.mqtt.cert_file, "", "Own certificate in PEM; empty: none."),
	TEXT("hub.mqtt.key_file", hub.mqtt.key_file, "", "Its private key."),
	TEXT("hub.mqtt.node", hub.mqtt.node, "", "Name of this machine in topics; empty: its host name."),
	TEXT("hub.mqtt.discovery", hub.mqtt.discovery, "homeassistant",
	     "Home Assistant's prefix for discovery; empty: it is not told."),
	BOOL("hub.mqtt.commands", hub.mqtt.commands, "true",
	     "Take commands from the broker: whoever may write there may "
	     "take pictures, and arm and disarm."),
	INTEGER(
	    "hub.mqtt.keepalive_s", hub.mqtt.keepalive_s, 5, 3600, "20", "s",
	    "How often something is said at least; the broker tells others that we are gone after one and a half of it."),
	INTEGER("hub.mqtt.queue", hub.mqtt.queue, 10, 1000000, "10000", "events",
	        "Events that are kept on the disk while the broker is away; then the oldest are dropped."),
	LIST("hub.rules", hub.rules, "What to do when something happens, or at what time: docs/rules.md."),
	LIST("hub.webhooks", hub.webhooks,
	     "Where rules send to by HTTP: `{\"name\": …, \"url\": …, \"secret_file\": …, \"body\": …}` each: "
	     "docs/webhooks.md."),
	LIST("hub.uploads", hub.uploads,
	     "S3 stores that rules upload files to: `{\"name\": …, \"url\": …, \"access_key_file\": …, "
	     "\"secret_key_file\": …}` each: docs/uploads.md."),

	INTEGER("memory.max_rss_mb", memory.max_rss_mb, 32, 1048576, "350", "MiB",
	        "Memory of the whole process, ring included. Beyond it the process exits with 42 and restarts with a "
	        "smaller ring."),
	NUMBER("memory.available_fraction", memory.available_fraction, 0.05, 0.95, "0.80", "",
	       "Share of the memory available at start that the ring may take."),
	NUMBER("memory.share", memory.share, 0, 1, "0", "",
	       "With several cameras: this one's part of the common memory.max_rss_mb, which is for all of them together; "
	       "0: an equal part of what is left."),

	INTEGER("storage.min_free_mb", storage.min_free_mb, -1, 1073741824, "-1", "MiB",
	        "Space to keep free: below it the oldest pictures go. -1: the larger of 200 MiB and 5 % of the filesystem, "
	        "but at most 10 % of a small one; 0: never delete for space."),
	INTEGER("storage.max_total_mb", storage.max_total_mb, 0, 1073741824, "0", "MiB",
	        "Most that the pictures may take in all, looked at each minute; 0: no limit."),
	NUMBER("storage.max_age_days", storage.max_age_days, 0, 36500, "0", "days",
	       "Older pictures are deleted, when the clock has not jumped for an hour; 0: never."),

	CHOICE("logging.level", logging.level, "error|warning|info|debug|critical", "info",
	       "Least important lines to log."),
	TEXT("logging.file", logging.file, "",
	     "Also log to this file, rotated at 5 MiB, three old ones kept; empty: only stderr or the journal."),
};

const size_t config_option_count = sizeof config_options / sizeof config_options[0];

bool option_choice(const struct option *option, int index, char *word, size_t bytes)
{
	const char *from = option->choices;
	while (from && index-- > 0) {
		from = strchr(from, '|');
		from = from ? from + 1 : NULL;
	}
	if (!from || bytes == 0)
		return false;
	size_t length = strcspn(from, "|");
	if (length >= bytes)
		return false;
	memcpy(word, from, length);
	word[length] = '\0';
	return true;
}
