#include "base/token.h"

#include <string.h>

static struct in6_addr throttle_key(const struct sockaddr_storage *address)
{
	struct in6_addr key = { 0 };
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *ip4 = (const struct sockaddr_in *)address;
		key.s6_addr[10] = key.s6_addr[11] = 0xff;
		memcpy(key.s6_addr + 12, &ip4->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)address;
		key = ip6->sin6_addr;
		/* Whoever has one IPv6 address has the 2^64 beside it. */
		if (!IN6_IS_ADDR_V4MAPPED(&key))
			memset(key.s6_addr + 8, 0, 8);
	}
	return key;
}

static struct throttle_entry *find(struct throttle *throttle, const struct in6_addr *key)
{
	struct throttle_entry *oldest = &throttle->entries[0];
	for (size_t i = 0; i < THROTTLE_ADDRESSES; i++) {
		struct throttle_entry *entry = &throttle->entries[i];
		if (entry->failures > 0 && memcmp(&entry->address, key, sizeof *key) == 0)
			return entry;
		if (oldest->failures > 0 && (entry->failures == 0 || entry->last_ns < oldest->last_ns))
			oldest = entry;
	}
	*oldest = (struct throttle_entry){ .address = *key };
	return oldest;
}

static int64_t delay_of(uint64_t failures)
{
	int64_t delay_ns = THROTTLE_FIRST_NS;
	for (uint64_t i = 1; i < failures && delay_ns < THROTTLE_MOST_NS; i++)
		delay_ns *= 2;
	return delay_ns;
}

int64_t throttle_wait_ns(struct throttle *throttle, const struct sockaddr_storage *address, int64_t now_ns)
{
	struct in6_addr key = throttle_key(address);
	for (size_t i = 0; i < THROTTLE_ADDRESSES; i++) {
		const struct throttle_entry *entry = &throttle->entries[i];
		if (entry->failures == 0 || memcmp(&entry->address, &key, sizeof key) != 0)
			continue;
		int64_t past_ns = now_ns - entry->last_ns;
		return past_ns > THROTTLE_FORGET_NS ? 0 : delay_of(entry->failures) - past_ns;
	}
	return 0;
}

int64_t throttle_failed(struct throttle *throttle, const struct sockaddr_storage *address, int64_t now_ns,
                        uint64_t *failures)
{
	struct in6_addr key = throttle_key(address);
	struct throttle_entry *entry = find(throttle, &key);
	if (now_ns - entry->last_ns > THROTTLE_FORGET_NS)
		entry->failures = 0;
	entry->failures++;
	entry->last_ns = now_ns;
	*failures = entry->failures;
	return delay_of(entry->failures);
}
