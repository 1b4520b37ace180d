"""Two pseudo-terminals with a null modem cable between them: prints their names, and carries bytes until it is ended."""

import os
import select
import tty

ends = [os.openpty(), os.openpty()]
for master, slave in ends:
    # The slaves stay open here, so that a program that closes one does not hang up the line.
    tty.setraw(slave)
print(*(os.ttyname(slave) for _, slave in ends), flush=True)

(near, _), (far, _) = ends
other = {near: far, far: near}
while True:
    readable, _, _ = select.select([near, far], [], [])
    for end in readable:
        data = memoryview(os.read(end, 4096))
        while data:
            data = data[os.write(other[end], data):]
