#include "sun.h"

#include <math.h>

enum { DAY_S = 86400 };
#define ZENITH_DEG 90.833

static double rad(double degrees)
{
	return degrees * M_PI / 180;
}

struct position {
	double declination; /* radians */
	double equation_min;
};

/* century: Julian centuries since J2000.0. */
static struct position position_at(double century)
{
	const double t = century;
	double mean_longitude = fmod(280.46646 + t * (36000.76983 + t * 0.0003032), 360);
	double anomaly = rad(357.52911 + t * (35999.05029 - 0.0001537 * t));
	double eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t);
	double centre = sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t)) +
	                sin(2 * anomaly) * (0.019993 - 0.000101 * t) + sin(3 * anomaly) * 0.000289;
	double node = rad(125.04 - 1934.136 * t);
	double apparent = rad(mean_longitude + centre - 0.00569 - 0.00478 * sin(node));
	double obliquity_mean = 23 + (26 + (21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))) / 60) / 60;
	double obliquity = rad(obliquity_mean + 0.00256 * cos(node));
	double y = tan(obliquity / 2) * tan(obliquity / 2), l = rad(mean_longitude);
	double equation = y * sin(2 * l) - 2 * eccentricity * sin(anomaly) +
	                  4 * eccentricity * y * sin(anomaly) * cos(2 * l) - 0.5 * y * y * sin(4 * l) -
	                  1.25 * eccentricity * eccentricity * sin(2 * anomaly);
	return (struct position){ asin(sin(obliquity) * sin(apparent)), 4 * equation * 180 / M_PI };
}

static double century_of(double seconds)
{
	return (seconds / DAY_S + 2440587.5 - 2451545.0) / 36525;
}

struct sun_day sun_on_day(double latitude, double longitude, int64_t around_s)
{
	double latitude_rad = rad(fmax(fmin(latitude, 89.9), -89.9));
	double noon = (double)around_s, equation = 0;
	struct position sun = { 0 };
	for (int i = 0; i < 3; i++) {
		sun = position_at(century_of(noon));
		equation = sun.equation_min;
		double in_day = 43200 - longitude * 240 - equation * 60;
		noon = round(((double)around_s - in_day) / DAY_S) * DAY_S + in_day;
	}
	double cosine =
	    cos(rad(ZENITH_DEG)) / (cos(latitude_rad) * cos(sun.declination)) - tan(latitude_rad) * tan(sun.declination);
	double half_day_s = acos(fmax(fmin(cosine, 1), -1)) * 43200 / M_PI;
	return (struct sun_day){
		.kind = cosine > 1    ? SUN_NEVER_UP
		        : cosine < -1 ? SUN_NEVER_DOWN
		                      : SUN_RISES,
		.noon_s = (int64_t)noon,
		.rise_s = (int64_t)(noon - half_day_s),
		.set_s = (int64_t)(noon + half_day_s),
	};
}
