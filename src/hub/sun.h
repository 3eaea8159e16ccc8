/* When the sun rises and sets. Pure.
 *
 * The equations of NOAA's Solar Calculator (gml.noaa.gov/grad/solcalc), after Jean Meeus, Astronomical Algorithms,
 * chapters 22, 25 and 28; the upper limb on the horizon with a refraction of 34 minutes of arc, which is 90.833 degrees
 * from the zenith. Within a minute or two between the polar circles. */
#ifndef PASTCAM_HUB_SUN_H
#define PASTCAM_HUB_SUN_H

#include <stdint.h>

enum sun_kind { SUN_RISES, SUN_NEVER_UP, SUN_NEVER_DOWN };

struct sun_day {
	enum sun_kind kind;
	int64_t noon_s, rise_s, set_s; /* since 1970; without a rise or set both are noon, or half a day from it */
};

/* Of the solar noon nearest to around_s (seconds since 1970). Degrees, north and east positive. */
struct sun_day sun_on_day(double latitude, double longitude, int64_t around_s);

#endif
