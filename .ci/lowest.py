"""Print a constraint for each of setup.cfg's lower bounds: that version and no other."""

import configparser
import re
from pathlib import Path

setup = configparser.ConfigParser()
setup.read(Path(__file__).parents[1] / "setup.cfg")
required = setup["options"]["install_requires"]
required += setup["options.extras_require"]["test-core"]
for name, version in re.findall(r"^([\w-]+)>=([\d.]+)", required, re.M):
    print(f"{name}=={version}")
