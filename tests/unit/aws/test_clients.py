"""A client is made once, when it is first used."""

import threading

from doseexport.aws import clients as aws


def test_lazy_client_is_made_once_at_its_first_use(monkeypatch):
    made = []

    def make(service):
        made.append(service)
        return f"a client of {service}"

    monkeypatch.setattr(aws, "make_client", make)
    client = aws.LazyClient("s3")
    assert made == []
    threads = [threading.Thread(target=client.upper) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.upper() == "A CLIENT OF S3"
    assert made == ["s3"]
