#include <errno.h>
#include <stdio.h>
#include <xxhash.h>

#include "cache/checksum.h"
#include "base/str.h"

int
checksum_of(struct str file, size_t at, char text[CHECKSUM_LENGTH + 1])
{
	const struct str rest = str_tail(file, at + CHECKSUM_LENGTH);
	XXH64_state_t *state = XXH64_createState();

	if (state == NULL) {
		errno = ENOMEM;
		return -1;
	}
	XXH64_reset(state, 0);
	XXH64_update(state, file.p, at);
	XXH64_update(state, rest.p, rest.n);
	snprintf(text, CHECKSUM_LENGTH + 1, "%016llx",
	    (unsigned long long)XXH64_digest(state));
	XXH64_freeState(state);
	return 0;
}
