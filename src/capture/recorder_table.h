/* What a recorder does next: one table of [state][event]. Pure. Private to the recorder. */
#ifndef PASTCAM_CAPTURE_RECORDER_TABLE_H
#define PASTCAM_CAPTURE_RECORDER_TABLE_H

enum recorder_state {
	RECORDER_IDLE,       /* nothing is encoded until somebody asks */
	RECORDER_BUFFERING,  /* the past is kept, no clip is wanted */
	RECORDER_RECORDING,  /* up to a moment that is still to come */
	RECORDER_FINALIZING, /* the clip's end has passed; its last frames are on their way */
	RECORDER_CLOSING,    /* all is written; the file gets its index and its name */
	RECORDER_STATES
};

enum recorder_event {
	RECORDER_PAST_KEPT, /* frames are encoded all the time */
	RECORDER_TRIGGER,   /* a clip is wanted */
	RECORDER_STOP,      /* it is to end now */
	RECORDER_END_PASSED,
	RECORDER_LAST_WRITTEN,
	RECORDER_FAIL, /* it cannot be written on */
	RECORDER_CLOSED,
	RECORDER_EVENTS
};

enum recorder_action {
	RECORDER_NOTHING,
	RECORDER_START,  /* a new clip */
	RECORDER_EXTEND, /* the same clip, until later */
	RECORDER_CUT,    /* the same clip, until now */
	RECORDER_CLOSE,  /* make what is there a whole file */
	RECORDER_ELSE,   /* another recorder's */
};

struct recorder_step {
	enum recorder_state next;
	enum recorder_action action;
};

struct recorder_step recorder_next(enum recorder_state state, enum recorder_event event);
const char *recorder_state_text(enum recorder_state state); /* "recording" … */
const char *recorder_event_text(enum recorder_event event);

#endif
