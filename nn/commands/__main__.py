"""`python -m nn.commands` is the command `tensorgrad`."""

import sys

from nn.commands import main

sys.exit(main())
