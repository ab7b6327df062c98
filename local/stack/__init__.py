"""The whole service on one machine: the template deployed to an emulator, its users, and the demo."""
