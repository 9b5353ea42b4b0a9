"""For processes under libfaketime: it refuses `time.sleep`, an absolute sleep on a clock that it is not to fake."""

import threading
import time

time.sleep = lambda seconds: threading.Event().wait(seconds) and None
