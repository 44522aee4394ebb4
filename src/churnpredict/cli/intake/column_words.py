"""Words in names of columns and tables, in ten languages, matched on tokens.

Words decide only where the data leave a choice; they never make a role by themselves. A word without a star is a whole token, ``stem*`` its
beginning, ``*stem`` its end: compounds such as "Bestelldatum" are one token. Longer than most modules because it is a table of words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

__all__ = ["WORDS", "has_word", "month_of", "tokens"]

# English, German, French, Spanish, Italian, Portuguese, Polish, Dutch, Russian, Turkish; without accents, as `tokens` gives them.
WORDS: dict[str, str] = {
    "customer": """
        customer* client* cust user* uid account* acct member* subscriber* buyer* shopper* guest* visitor* player* student* learner*
        patient* donor* household* tenant* company organization* organisation* org workspace* msisdn insured borrower* passenger*
        cardholder* card_no card_nr card_number card_id kartennr loyalty_card loyalty_no policyholder* constituent* donor* requester*
        sender* payer* debitor* debtor* auftraggeber* rider* msisdn kundenkarte* kund* nutzer* benutzer* mitglied* abonnent* konto*
        kontonr kaeufer* klient* compte utilisateur* abonne adherent* usuario* socio* abonado* utente* abbonato* cuenta* membro*
        assinante* conta uzytkownik* abonent* odbiorc* klant* gebruiker* lid lidnr abonnee* клиент* покупател* пользовател* абонент*
        заказчик* лицевой musteri* kullanici* uye* abone* kunnr* vertragskonto* vkont
    """,
    "inside": """
        user* uid person* people member* employee* colleague* login seat* staff learner* student* actor agent* nutzer* benutzer*
        person mitarbeiter* mitglied* utilisateur* personne* employe* salarie* usuario* persona* empleado* miembro* utente* dipendent*
        membro* pessoa* funcionari* uzytkownik* osoba* pracownik* gebruiker* persoon* medewerker* пользовател* сотрудник* kullanici*
        kisi* calisan*
    """,
    "id": """
        id ids nr no num number nummer *nummer numero key code kod codice codigo uuid guid ref numer номер код ид *nr *id kimlik
        numarasi hash
    """,
    "time": """
        date* datum *datum fecha data dia jour day days tag *tag zeit* *zeit time* timestamp* datetime ts dt at on moment when utc
        czas dzien tarih* zaman gun дата* время когда tijd* quando budat erdat bldat fkdat audat
    """,
    "happened": """
        issue* issued ausgestellt* wystawien* emission* emis* emitted posted sold served order* purchas* paid pay* payment* invoice*
        transaction* trans txn visit* event* login* call* session* watch* play* booking* sale* bestell* *bestell* kauf* zahl*
        rechnung* buchung* besuch* *besuch* command* achat* paiement* factur* visite* pedido* compra* pago* fattur* ordin* acquist*
        pagament* pagamento* zamowien* zakup* platnosc* wizyt* bestelling* aankoop* betaling* bezoek* заказ* покупк* оплат* платеж*
        визит* siparis* satis* odeme* ziyaret* usage checkin check attended attendance receipt* beleg* kassenbon bon quittung*
        scontrino* paragon* belnr vbeln
    """,
    "clerical": """
        update* modified* loaded export* import* insert* ingest* sync* due deliver* shipped shipping ship estimated approved carrier
        geaendert* geandert* aktualisiert* faellig* fallig* liefer* modif* echeance* livraison* actualiz* entreg* vencimient* aggiorn*
        consegn* atualiz* entrega* zmien* dostaw* gewijzigd* lever* vervaldatum изменен* обновлен* доставк* guncel* teslim*
    """,
    "value": """
        premium premiums premio premi praemie* premie* amount* amt total* revenue* sale sales price* value sum paid spend* spent net
        gross mrr arr charge* turnover payment* fare* dues ucret* dochod* affaires netto* *netto brutto* *brutto neto bruto ttc
        subtotal eur usd gbp betrag* *betrag umsatz* *umsatz preis* *preis summe* *summe gesamt* wert* montant* prix somme valeur* ca
        importe* precio* ventas ingreso* monto* suma valor* preco* receita* importo* prezzo* totale* incasso* fatturato kwota* *kwota
        cena* wartosc* przychod* bedrag* *bedrag prijs* *prijs omzet* totaal* waarde сумма* цена* стоимост* выручк* оплат* tutar*
        fiyat* toplam* ciro* bedel* abonnementspreis wrbtr dmbtr netwr copay*
    """,
    "best_value": """
        amount* amt total* revenue* sale sales turnover spend* mrr betrag* *betrag umsatz* *umsatz summe* montant* importe* ventas
        monto* importo* totale* fatturato incasso* receita* kwota* przychod* bedrag* *bedrag omzet* totaal* сумма* выручк* tutar*
        toplam* ciro* chiffre_d_affaires chiffre_affaires wrbtr dmbtr netwr
    """,
    "not_value": """
        profit* margin* rueckerstatt* rembours* reembols* rimbors* zwrot* возврат* iade* cost costs discount* tax* vat fee fees
        shipping* refund* tip balance* quantity qty unit units score* rating* gewinn* marge* kosten rabatt* steuer* mwst versand*
        menge* remise* tva taxe* descuento* impuesto* iva sconto* desconto* frete* imposto* rabat* podatek* korting* btw прибыл*
        маржа* скидк* налог* ндс kar indirim* kdv vergi*
    """,
    "quantity": """
        quantity* qty count* units number duration* minutes mins hours seconds secs score* rating* distance* click* n menge* anzahl*
        *anzahl dauer* stueck* stuck* quantite* nombre* duree* cantidad* duracion* quantita* durata* quantidade* duracao* ilosc*
        liczba* czas aantal* duur* количеств* длительност* adet* miktar* sure*
    """,
    "duration": """
        duration* length elapsed talk_time watch_time billsec dauer* *dauer laenge duree* duracion* durata* duracao* czas_trwania duur*
        длительност* продолжительност* sure*
    """,
    "usage": "usage consumption metering nutzung* verbrauch* consommation* consumo* zuzyci* verbruik* gebruik* потребл* tuketim* kullanim*",
    "pieces": """
        quantity* qty units pieces pcs menge* *menge anzahl* stueck* stuck* quantite* cantidad* quantita* quantidade* ilosc* aantal*
        hoeveelheid количеств* кол adet* miktar* nights naechte nachte nuits noches notti noites noce nocy nachten ночей gece*
    """,
    "measure": """
        hours hrs days kwh km miles minutes mins stunden tage heures jours horas dias ore giorni godziny dni uren dagen часов дней
        saat gun* guests seats
    """,
    "seats": """
        seat seats license* licence* lizenz* sitze plaetze platze sieges siege asientos plazas licencia* licenca* licenza* postazioni
        miejsca licencj* plaatsen licentie* мест места лиценз* koltuk* lisans*
    """,
    "postal": """
        plz postleitzahl* zip zipcode* postcode* postal* cap cp codpostal pocztowy postkod* индекс postakodu posta_kodu
    """,
    "level": """
        balance* saldo* saldi salden solde* kontostand* guthaben* stan_konta остат* баланс* bakiye* bestand* inventory outstanding
    """,
    "before": """
        old previous prev from before former alt alte alter alter_status vorher* bisher* ancien* anterior* precedent* poprzedn* stary
        oud* vorige* стар* прежн* предыдущ* eski onceki
    """,
    "discount": """
        discount* rebate* rabatt* nachlass* remise* reduction* descuento* sconto* desconto* rabat* korting* скидк* indirim*
    """,
    "item": """
        product* item* sku* article* artikel* page* feature* stock* site* merchant* store* course lesson title* song* track* movie*
        campaign* kampagne* campagne* campana* campanha* campagna* kampania* kampanii кампани* kampanya* description* produkt* ware
        waren produit* articulo* producto* prodotto* articol* produto* artigo* towar* *towar товар* артикул* продукт* urun*
        category_name номенклатур*
    """,
    "kind": """
        kind* type* event status* state category* channel* action* reason* result* outcome* method* success* typ art zustand* topic*
        subject thema topik tema konu* temat* onderwerp sujet asunto argomento assunto betreff тема темы grund* kanal* ergebnis*
        statut* motif* canal* resultat* tipo* estado* motivo* stato* canale* esito* situacao* rodzaj* stan powod* wynik* soort* reden*
        uitkomst* тип* статус* причин* вид канал* результат* tip tur turu durum* neden* sebep* sonuc*
    """,
    "reason": """
        reason* grund* *grund motif* motivo* powod* przyczyn* reden* причин* neden* sebep* cause*
    """,
    "since": """
        signup* sign signed since joined join joining joindate created registered registration* reg regdate first start activation*
        enrol* onboard* opened anmelde* *anmeldung registrier* eintritt* *eintritt beitritt* kunde_seit seit inscri* inscription*
        creation* alta registro* registraz* iscriz* iscritto* cadastr* adesao* rejestr* zapis* dolacz* inschrijf* aanmeld* lid_sinds
        sinds регистр* создан* подключ* вступл* kayit* uyelik* katilim*
    """,
    "start": """
        start* begin* began begun inception from open opened since submitted created active_from valid_from effective activated
        checkin joined beginn* anfang* *beginn von ab gueltig_ab startdatum eroeffn* debut* depuis ouvert* ouverture* inicio* desde
        apertura* inizio* dal aperto* abertura* poczat* od rozpocz* otwar* aanvang* geopend* vanaf начал* открыт* с baslan* baslama*
        acilis*
    """,
    "end": """
        end* ended close* until till to expir* finish* resolved solved stop* terminated termination* completed ende *ende beendet* bis
        geschlossen* laufzeitende fin fini* fermeture* cloture* hasta cierre* fine al chius* chiusura* fim encerr* ate koniec* konca
        do zakoncz* zamkn* eind* einde* tot gesloten* конец* оконч* закрыт* заверш* по bitis* sona kapanis* kapandi*
        abschluss* *abschluss fechamento sluit* afsluit* schliess* *schliessung
    """,
    "leaving": """
        churn* cancel* attrit* terminat* unsub* unregist* deactivat* left leave leaving exit* lapsed lost quit gone abandon* defect*
        dropped dropout kuendig* kundig* gekuend* gekund* abwander* austritt* ausgetreten* storno* storniert* resili* desabonn*
        depart* parti annul* baja* cancelad* disdett* cessat* cessazione* recess* abbandon* rescis* rescind* desist* cancelament*
        saida* wypowied* rezygn* odejsc* odszed* anulow* rozwiazan* opzeg* opgezegd* beeindigd* vertrok* vertrek* uitschrijv* отток*
        расторж* расторг* отключен отключена отмен* ушел* уход* отказ* fesih* feshed* iptal* ayril* terk* kayip*
    """,
    "staying": """
        active aktiv* actif* activ* activo* attivo* ativo* aktywn* actief* актив* aktif* current live enabled running paying open
        retained
    """,
    "planned_end": """
        renewal* renew* expir* expiry* due planned agreed scheduled verlaenger* verlanger* ablauf* *ablauf echeance* vencim* renov*
        caduc* scaden* rinnov* wygas* odnow* verval* verleng* verloop* истеч* продлен* yenile* vade* son_kullanma term_end term_end*
        term_ends end_of_term termin_platnosci term_expir* minimum_term prevu* prevue* previst* geplant* voraussichtlich* planowan*
        przewidywan* verwacht* планов* план ожидаем* planlan* expected anticipated
    """,
    "expiry": """
        expir* expiry* card_exp ablauf* gueltig_bis gultig* caduc* scadenza* validade* wygas* vervalt* истеч* gecerlilik*
    """,
    "response": """
        response* responded first_response reply replied antwort* reponse* respuesta* risposta* resposta* odpowied* reactie* antwoord*
        ответ* yanit*
    """,
    "reopened": """
        reopen* wiedereroeffn* wiedereroffn* wiedergeoeffnet* erneut_geoeffnet* erneut_geoffnet* reouv* rouvert* reabiert* reapert*
        reabr* riapert* riapr* reabert* ponownie ponown* heropen* переоткр* повторн* возобновл* yeniden_acil* tekrar_acil*
    """,
    "judged": """
        satisf* csat nps rating* rated zufrieden* bewert* note_client valorac* calificac* valutaz* soddisf* avaliac* ocena* oceny zadowol*
        tevreden* beoordel* удовлетвор* оценк* memnun* puan* resolution* loesung* losung*
    """,
    "owner": """
        owner* rep reps csm salesperson seller agent* account_manager manager* handler betreuer* verkaeufer* verkaufer* vertreter*
        berater* gestionnaire* commercial* vendedor* comercial* gestor* venditor* agente opiekun* handlowiec* sprzedawc* verkoper*
        accountmanager менеджер* продавец* temsilci* satici* danisman*
    """,
    "currency": """
        currency* ccy waehrung* wahrung* devise* moneda* divisa* valuta* moeda* waluta* валют* birimi doviz
    """,
    "recorded": """
        recorded known booked ingested posted entered received reported logged erfasst* gebucht* enregistr* registrado_en zaksiegow*
        geboekt*
    """,
    "overwritten": """
        last latest current currently now next recent updated modified lifetime total* count* number num n avg average mean sum orders
        purchases visits logins balance spent spend tenure age_days days recency frequency monetary rfm score ltv clv points letzte*
        aktuell* gesamt* anzahl* *anzahl dernier* derniere* actuel* nombre* ultimo* ultima* actual* saldo* attuale* numero_ordini
        atual* ostatni* biezac* liczba* laatste* huidig* aantal* последн* текущ* количество* son guncel* toplam* bakiye* balance*
        баланс* остат*
    """,
    "annual": """
        arr acv annual* yearly jahres* annuel* anual* annuo* annuale* roczn* jaarlijks* jaar* годов* yillik*
    """,
    "person": """
        name names firstname lastname surname fullname email mail phone mobile tel telephone fax address street vorname nachname
        anrede strasse nom prenom adresse telephon* courriel nombre* apellido* direccion* correo nome cognome indirizzo sobrenome
        endereco imie nazwisko adres telefon* naam voornaam achternaam straat имя фамили* отчество телефон* адрес* почта isim soyad*
        adi eposta note* comment* kommentar*
    """,
    "period": """
        month* monat* *monat mois mes mese miesiac* maand* месяц* ay donem period* yearmonth ym week* woche* semaine* semana*
        settimana* tydzien* неделя* hafta* quarter* quartal*
    """,
    "contract": """
        subscri* contract* membership* plan plans polic* licen* abo abos abonnement* vertrag* vertraeg* *vertrag *vertraege
        mitgliedschaft* contrat* adhesion* suscripc* contrato* membresia* abbonament* contratt* assinatura* plano* abonament* umow*
        polis* contracten lidmaatschap* подписк* договор* контракт* тариф* abonelik* sozlesme* uyelik* tarif* account_period enrol*
    """,
    "payment": """
        pay* bill* charge* transaction* receipt* invoice* zahl* rechnung* *rechnungen faktur* paiement* factur* pago* cobro* pagament*
        fattur* incass* platnosc* wplat* betaling* оплат* платеж* счет* odeme* fatura* tahsilat*
    """,
    "birth": """
        birth* dob born geburt* *geburtsdatum naiss* nacimiento nascita nascimento urodz* geboorte* рожден* dogum*
    """,
    "ticket": """
        ticket* case* issue* incident* complaint* support helpdesk request* claim* anfrage* beschwerde* reklamation* stoerung*
        sinistre* siniestro* sinistro* szkod* schaden* *schaden *klacht *klachten *beschwerden *reklamation hasar*
        demande* reclamation* reclam* incidencia* segnalaz* chamado* zgloszen* reklamacj* melding* klacht* обращен* заявк* жалоб*
        talep* sikayet* destek*
    """,
    "deal": """
        deal* opportunit* pipeline* stage* dealstage verkaufschance* verkaufsphase* affaire* etape* oportunidad* etapa* fase*
        oportunidade* szans* etap verkoopkans* сделк* этап* firsat*
    """,
    "won": """
        won *won gewonnen* gagn* ganad* vint* ganh* wygran* выигр* kazan*
    """,
    "lost": """
        lost *lost verloren* perdu* perdid* pers* przegran* проигр* kaybed*
    """,
    "renewal": """
        renewal* renew verlaengerung* verlangerung* renouvell* renovac* rinnov* renov* odnowien* verleng* продлен* yenileme*
    """,
    "refund": """
        refund* rueckerstatt* ruckerstatt* erstattung* rembours* reembols* devoluc* rimbors* zwrot* terugbetal* возврат* iade*
        chargeback* creditnote* gutschrift*
    """,
    "people": """
        customer* client* user users account accounts member members subscriber* people person* contact* kunden* kunde nutzer*
        mitglieder* organization* organisation* households patients comptes usuarios clientes clienti utenti klienci uzytkownicy
        klanten leden клиенты пользователи абоненты musteri* kullanici* uyeler* students companies
    """,
    "monthly": """
        monthly month mrr monatlich* monat *monat mensuel* mois mensual* mes mensile* mese mensal* miesieczn* miesiac* maandelijks* maand*
        месяц* ежемесячн* aylik
    """,
    "yearly": """
        yearly year annual* annum arr jahr* *jahr jaehrlich* annuel* annee anual* ano annuale* anno roczn* rok jaarlijks* jaar* год*
        ежегодн* yillik yil
    """,
    "price": """
        price* plan tariff* tarif* tier* fee fees dues rate preis* ucret* *preis prix precio* prezzo* preco* cena* prijs* *prijs цена*
        тариф* fiyat* package paket*
    """,
    "succeeded": """
        success* succeed* paid approved accepted settled cleared ok bezahlt* erfolgreich* erfolgt reussi* accepte* paye exito* exitoso
        pagado aprobado* cobrado riuscit* pagato pago aprovad* oplacon* zaplacon* udan* geslaagd* betaald* успеш* оплачен* basarili*
        odendi
    """,
    "failed": """
        fail* declin* reject* rejet* devuelt* returned unpaid not_paid past_due gestorneerd* storneerd* reversed bounced chargeback*
        insufficient nonpayment non_payment fehlgeschlagen* abgelehnt* ruecklast* rucklast* zahlungsausfall* echec* refus* impaye*
        rechaz* fallid* impag* rifiut* fallit* insolut* recusad* falhou* inadimpl* odrzuc* nieudan* nieoplac* mislukt* geweigerd*
        onbetaald* отклон* неуспешн* неоплат* неуплат* basarisiz* reddedil* odenmedi*
    """,
    "involuntary": """
        fail* declin* unpaid nonpayment non_payment payment* billing_retry billing_error insufficient* fraud* death deceased
        died bankrupt* insolven* delinquen* expired_card chargeback* dunning suspended zahlung* tod verstorben* insolvenz*
        betrug* paiement* impaye* deces decede* fraude* fallecid* impag* pago* defunt* decess* frode* pagament* falec* obito*
        inadimpl* smierc* zmarl* oszustw* platnosc* nieoplac* overled* betaling* смерт* умер* мошенн* неоплат* неуплат* платеж*
        olum* vefat* odeme* dolandir*
    """,
    "reply": """
        open opened opens click* reply replied respon* answered antwort* geoeffnet* geoffnet* ouvert* cliqu* repond* abiert* abrio
        clic* aperto aberto klikn* otwar* geopend* geklikt* открыт* клик* acildi* tikla*
    """,
}

_PLAIN = str.maketrans({"ß": "ss", "ł": "l", "Ł": "l", "ı": "i", "İ": "i", "ø": "o", "æ": "ae", "đ": "d", "ё": "е"})
_MONTHS = (
    "jan* januar* janv* ene* gen* sty* янв* oca*",
    "feb* fev* lut* фев* sub* şub*",
    "mar* maer* mrz mrt maart mars marz* мар*",
    "apr* avr* abr* kwi* апр* nis*",
    "may mai maj maggio mag mayo maio mei май мая",
    "jun* juin giu* cze* июн* haz*",
    "jul* juil* lug* lip* июл* tem*",
    "aug* aou* ago* sie* авг* agu*",
    "sep* set* wrz* сен* eyl*",
    "oct* okt* ott* out* paz* окт* eki*",
    "nov* lis* ноя* kas*",
    "dec* dez* dic* gru* дек* ara*",
)


@cache
def tokens(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters without accents: "BestellDatum", "order-date" and "Código" alike.

    >>> tokens("customerID"), tokens("Kündigungs_Datum"), tokens("Дата заказа")
    (('customer', 'id'), ('kundigungs', 'datum'), ('дата', 'заказа'))
    """
    text = re.sub(r"([a-zà-öø-ÿа-яё0-9])([A-ZÀ-ÖØ-ÞА-ЯЁ])", r"\1 \2", name)
    text = re.sub(r"([A-ZА-ЯЁ]+)([A-ZА-ЯЁ][a-zа-яё])", r"\1 \2", text)
    text = unicodedata.normalize("NFKD", text.lower().translate(_PLAIN))
    text = "".join(c for c in text if not unicodedata.combining(c) or c == "\u0306")
    text = unicodedata.normalize("NFC", text)
    return tuple(re.findall(r"[^\W\d_]+", text))


@cache
def _pattern(words: str) -> re.Pattern[str]:
    parts = [
        re.escape(w.strip("*")).join(("" if not w.startswith("*") else r"\w*", "" if not w.endswith("*") else r"\w*"))
        for w in words.split()
    ]
    return re.compile("|".join(f"(?:{p})" for p in parts))


@cache
def has_word(name: str, role: str) -> bool:
    """Return whether a word of the name, or several of them in a row, speak for the role.

    >>> has_word("Kundennr", "customer"), has_word("Bestelldatum", "time"), has_word("username", "time")
    (True, True, False)
    """
    words = tokens(name)
    joined = {"_".join(words[i:j]) for i in range(len(words)) for j in range(i + 2, min(i + 4, len(words) + 1))}
    pattern = _pattern(WORDS[role])
    return any(pattern.fullmatch(word) for word in (*words, *joined))


def month_of(word: str) -> int | None:
    """Return the number of the month that a word names, in any of the languages.

    >>> month_of("mar"), month_of("März"), month_of("agosto"), month_of("revenue")
    (3, 3, 8, None)
    """
    found = tokens(word)
    if len(found) != 1:
        return None
    fitting = [i for i, words in enumerate(_MONTHS, 1) if _pattern(words).fullmatch(found[0])]
    return fitting[0] if len(fitting) == 1 and len(found[0]) <= 12 else None
