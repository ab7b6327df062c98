"""The complete service on one machine: template.yaml deployed to an emulator, its users, and the demo."""
