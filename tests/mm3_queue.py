"""What lies in a Mailman 3's queues.

usage: mm3_queue.py VAR MESSAGE

Prints a line for each message: its queue, the list, the sub-address ("post"
where there is none) and the sender; ends with 1 where a message's text is not
that of the file MESSAGE.  For the python that runs Mailman.
"""
import email.message
import glob
import pickle
import sys


class Message(email.message.Message):
    """In place of Mailman's, which is nothing more."""


class Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if module == "mailman.email.message":
            return Message
        return super().find_class(module, name)


def queued(var):
    """Queue, message and metadata of each."""
    for path in sorted(glob.glob(var + "/queue/*/*.pck")):
        with open(path, "rb") as f:
            message = Unpickler(f).load()
            yield path.split("/")[-2], message, Unpickler(f).load()


def sub_address(data):
    """What the address asked for; "both" and "none" are faults."""
    said = ["post"] * bool(data.get("to_list"))
    said += [data["subaddress"]] if data.get("subaddress") else []
    return said[0] if len(said) == 1 else "both" if said else "none"


def text(data):
    return data.partition(b"\n\n")[2]


def main(var, path):
    with open(path, "rb") as f:
        sent, wrong = text(f.read()), 0
    for queue, message, data in queued(var):
        print(queue, data["listid"], sub_address(data), message["X-MailFrom"])
        if text(message.as_bytes()) != sent:
            print("not as it was sent: %r" % message.as_bytes()[:2000])
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
