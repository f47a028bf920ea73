module botyard.example/receiver

go 1.22
