/*
 * sink - stands for Mailman's wrapper: takes the message on standard input and
 * says that all is well.  The real one then starts Python.
 */
#include <stdlib.h>
#include <unistd.h>

int
main(void)
{
	static char buf[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		;
	return n == 0 ? 0 : EXIT_FAILURE;
}
