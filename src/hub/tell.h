/* `pastcam-hub arm`, `disarm` and `rules`: what is asked of the store and the rules beside a hub that runs. */
#ifndef PASTCAM_HUB_TELL_H
#define PASTCAM_HUB_TELL_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

/* Arms or disarms; a hub that runs takes it over with its next event, and tells MQTT within two seconds. */
int tell_armed(const struct config *config, bool is_armed, FILE *out, struct error *error);

/* A line a rule. With an event (a file of one line of JSON, as `events` has them; "-": standard input) whether it would
 * fire, or why not; facts that the event cannot tell are the store's ("armed"), or a member "night" of the event. */
int tell_rules(const struct config *config, const char *event_path, FILE *out, struct error *error);

#endif
